/**
 * A process that serves without end: its heap stays near what it keeps, however much rubbish comes and goes.
 * Not a limit on what is kept: services have their own. Of this process as a whole, so a command's to ask for, not a library's.
 */
import v8 from 'node:v8'
import vm from 'node:vm'

/**
 * V8 would let a heap of 20 MB grow to several times that before it collects, and each half of the young generation to 16 MB. The old generation
 * may grow by two fifths between collections, and the young one stays as it is: more collections, of less each.
 */
const FLAGS = ['--heap-growing-percent=40', '--semi-space-growth-factor=1']

/** From here on; call it before much is made. */
export function growSlowly(): void {
  for (const flag of FLAGS) v8.setFlagsFromString(flag)
}

/** Let go of what the start has left, and have V8 measure growth from what remains. It takes some tens of milliseconds: call it before anybody is served. */
export function collectGarbage(): void {
  v8.setFlagsFromString('--expose-gc')
  const collect: unknown = vm.runInNewContext('gc')
  v8.setFlagsFromString('--no-expose-gc')
  if (typeof collect === 'function') collect()
}
