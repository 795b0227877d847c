/**
 * NPS's patterns on the values of a request. What they are made of, and that they end in time: `base/pattern.ts`.
 * Patterns were checked where the topology was; one that is none matches nothing.
 */
import { compilePattern, type Pattern } from '../../base/pattern.ts'
import { remember } from '../../base/remember.ts'
import type { Assumptions } from '../assumptions.ts'

type Case = Pick<Assumptions, 'npsPatternCase'>

/** No attribute is longer (RFC 2865 §5); what somebody makes of several is cut. */
const VALUE_MAX = 253

const compiled = {
  ignored: remember((source: string) => read(source, true)),
  counts: remember((source: string) => read(source, false)),
} as const

function read(source: string, ignoresCase: boolean): Pattern | undefined {
  const result = compilePattern(source, { ignoresCase })
  return result.ok ? result.value : undefined
}

/** Whether the pattern is found anywhere in the value. Nothing is found where there is no value. */
export const matches = (
  source: string,
  value: string | undefined,
  { npsPatternCase }: Case,
): boolean =>
  value !== undefined &&
  compiled[npsPatternCase](source)?.match(value.slice(0, VALUE_MAX)) !== undefined

/** Attribute manipulation: the first place that matches is replaced; `$1` is what the first group took. */
export function rewrite(
  { find, replace }: { readonly find: string; readonly replace: string },
  value: string,
  { npsPatternCase }: Case,
): string {
  const cut = value.slice(0, VALUE_MAX)
  const match = compiled[npsPatternCase](find)?.match(cut)
  if (match === undefined) return value
  const put = replace.replace(/\$(\d)/g, (_, group: string) => match.groups[Number(group)] ?? '')
  return cut.slice(0, match.from) + put + cut.slice(match.to)
}
