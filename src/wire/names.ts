/**
 * Names of numbers on a wire, for people. Not a limit on what may be sent: a number without a name prints as itself.
 */

/** `namer({ AUTH: 39 }, 'payload')` says `AUTH` of 39 and `payload 40` of 40. */
export function namer(
  table: Readonly<Record<string, number>>,
  otherwise: string,
): (number: number) => string {
  const names = new Map(Object.entries(table).map(([name, number]) => [number, name]))
  return (number) => names.get(number) ?? `${otherwise} ${number}`
}
