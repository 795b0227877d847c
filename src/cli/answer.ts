/**
 * What a command gives back, before anything is printed: an answer, or why there is none.
 * Not an exit status: `cli/main.ts` maps one to the other (0 it holds, 1 it does not, 2 refused).
 */

/** Why a command refused: what the user gave cannot be read, built or understood. */
export interface Problem {
  readonly message: string
  readonly file?: string
  readonly line?: number
  readonly column?: number
}

export type Answer =
  | {
      readonly kind: 'answered'
      readonly holds: boolean
      /** The one document that `--json` prints; undefined where the command has already printed it. */
      readonly document: unknown
      /** For people; empty where the command has already printed as it went. */
      readonly lines: readonly string[]
    }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[]; readonly document?: object }
  /** A promise of our own code was broken, and the run found out itself. */
  | { readonly kind: 'broken'; readonly message: string; readonly replay: string }

export const refused = (...problems: readonly Problem[]): Answer => ({ kind: 'refused', problems })

/** `topology.ts:12:5: message`, as editors and terminals make it clickable. */
export function problemLine({ file, line, column, message }: Problem): string {
  if (file === undefined) return message
  const place = [file, line, line === undefined ? undefined : column].filter(
    (part) => part !== undefined,
  )
  return `${place.join(':')}: ${message}`
}

/** Two lines at most: the first problem, and how many more there are. */
export function problemLines(problems: readonly Problem[]): string[] {
  const [first, ...rest] = problems
  if (first === undefined) return []
  // A message of several lines is somebody else's prose; its first line says what is wrong.
  const line = `error: ${problemLine({ ...first, message: first.message.split(/\r?\n/)[0]!.trim() })}`
  return rest.length === 0 ? [line] : [line, `and ${rest.length} more like it`]
}
