/** A gateway of charon, made of a topology, with FreeRADIUS in the same namespace for its NPS. Not who dials it. */
import type { Compiled } from '../../../src/lab/compile.ts'
import {
  renderStrongSwanGateway,
  type StrongSwanFiles,
} from '../../../src/replica/render/strongswan.ts'
import { SERVER, startFreeRadius } from '../radius/freeradius.ts'
import { Charon } from './charon.ts'
import type { Wiring } from './namespace.ts'
import { GATEWAY_AT } from './topology.ts'

/** How charon goes about it, beside what the topology says. */
export type CharonHabits = Pick<
  Parameters<typeof renderStrongSwanGateway>[0],
  'asksAfter' | 'cookiesFrom'
>

export interface CharonGateway {
  readonly charon: Charon
  /** Of FreeRADIUS. */
  readonly radiusPid: number
  /** For {@link Charon.load}: the same gateway with another topology's policies, and other habits than it began with. */
  readonly render: (compiled: Compiled, habits?: CharonHabits) => StrongSwanFiles
  readonly stop: () => Promise<void>
}

/** `secret`: what the gateway and its RADIUS server share. */
export async function startCharonGateway(
  ...args: Parameters<typeof prepareCharonGateway>
): Promise<CharonGateway> {
  const gateway = await prepareCharonGateway(...args)
  try {
    await gateway.charon.begin()
    return gateway
  } catch (thrown) {
    await gateway.stop()
    throw thrown
  }
}

/** FreeRADIUS stands, and charon has not begun. */
export async function prepareCharonGateway(
  compiled: Compiled,
  secret: string,
  wiring: Wiring,
  habits: CharonHabits = {},
): Promise<CharonGateway> {
  let radius: Awaited<ReturnType<typeof startFreeRadius>> | undefined
  const render = (
    each: Compiled,
    directory: string,
    port: number,
    own: CharonHabits,
  ): StrongSwanFiles =>
    renderStrongSwanGateway({
      ...own,
      compiled: each,
      node: 'gateway',
      directory,
      address: GATEWAY_AT,
      radius: [{ address: SERVER, secret, authenticationPort: port }],
    })
  try {
    const charon = await Charon.prepare(wiring, async (directory, namespace) => {
      radius = await startFreeRadius(compiled, {
        realAddress: () => SERVER,
        command: (program, ...args) => namespace.command(program, ...args),
      })
      return render(compiled, directory, radius.port, habits)
    })
    const server = radius!
    return {
      charon,
      radiusPid: server.pid,
      render: (each, own = habits) => render(each, charon.directory, server.port, own),
      stop: async () => {
        await server.stop()
        await charon.stop()
      },
    }
  } catch (thrown) {
    await radius?.stop()
    throw thrown
  }
}
