/** Ctrl-C, and what a service manager sends. Not what is done then. */

/** The first signal ends what runs; a second one finds the platform's own handler, which ends the process. */
export function untilSignalled(): Promise<{ readonly kind: 'stopped' }> {
  return new Promise((resolve) => {
    const stop = (): void => {
      process.removeListener('SIGINT', stop)
      process.removeListener('SIGTERM', stop)
      resolve({ kind: 'stopped' })
    }
    process.on('SIGINT', stop)
    process.on('SIGTERM', stop)
  })
}
