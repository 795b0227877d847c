/** Takes the value out of a Result that a test knows to be good. */
import type { Result } from '../../src/base/result.ts'

export function valueOf<T>(result: Result<T, unknown>): T {
  if (!result.ok) throw new Error(`expected a value, got ${JSON.stringify(result.error)}`)
  return result.value
}
