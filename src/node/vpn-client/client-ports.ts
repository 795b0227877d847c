/**
 * The ports of IKE on a client: all its connections share them, and they are open while there is one. Not a gateway's, which are always open.
 */
import type { Result } from '../../base/result.ts'
import type { Host } from '../../net/sockets.ts'
import { IkePorts } from '../ike/ike-ports.ts'

export class ClientPorts {
  readonly #host: Host
  #ports: Result<IkePorts, number> | undefined
  #users = 0

  constructor(host: Host) {
    this.#host = host
  }

  /** Whoever got them gives them back, once. The error: the UDP port that somebody else has. */
  join(): Result<IkePorts, number> {
    const ports = this.#ports ?? IkePorts.open(this.#host)
    if (ports.ok) {
      this.#ports = ports
      this.#users++
    }
    return ports
  }

  leave(): void {
    this.#users--
    if (this.#users > 0 || this.#ports?.ok !== true) return
    this.#ports.value.close()
    this.#ports = undefined
  }
}
