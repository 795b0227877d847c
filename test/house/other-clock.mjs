// Preloaded into a child process: its wall clock is 400 days ahead. A lab that asked it would give itself away.
const AHEAD_MS = 400 * 86_400_000
const Real = Date
globalThis.Date = class extends Real {
  constructor(...args) {
    super(...(args.length === 0 ? [Real.now() + AHEAD_MS] : args))
  }
  static now() {
    return Real.now() + AHEAD_MS
  }
}
