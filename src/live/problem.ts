/** Why a lab cannot go live: each a line for the operator. Not our own bugs: those throw. */

export interface LiveProblem {
  readonly code:
    | 'unbuildable'
    | 'unknown-node'
    | 'no-address'
    | 'no-service'
    | 'not-open'
    | 'bad-address'
    | 'bad-port'
    | 'needs-expose'
    | 'port-in-use'
    | 'port-forbidden'
    | 'unbindable'
  readonly message: string
}

/** What the machine said when a socket was to be bound. */
export function bindProblem(
  error: NodeJS.ErrnoException,
  what: { readonly protocol: 'udp' | 'tcp'; readonly address: string; readonly port: number },
): LiveProblem {
  const where = `${what.protocol.toUpperCase()} ${what.address}:${what.port}`
  switch (error.code) {
    case 'EADDRINUSE':
      return { code: 'port-in-use', message: `${where} is in use by another program` }
    case 'EACCES':
    case 'EPERM':
      return {
        code: 'port-forbidden',
        message: `${where} needs more rights than this user has; serve it on a port above 1023`,
      }
    case 'EADDRNOTAVAIL':
      return { code: 'bad-address', message: `${what.address} is no address of this machine` }
    default:
      return { code: 'unbindable', message: `${where} cannot be bound: ${error.message}` }
  }
}
