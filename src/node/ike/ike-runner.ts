/**
 * Runs one IKE session on a host: its questions to the owner, its datagrams to the ports, its keys to the capture.
 * Not the session (`engine/ikev2/session.ts`), and not what its owner makes of it.
 */
import { espKeyLine, ikeKeyLine } from '../../crypto/ike/wireshark.ts'
import type {
  ChildDownReason,
  IkeChild,
  IkeInput,
  IkeOutput,
  IkePeer,
} from '../../engine/ikev2/contract.ts'
import type { IkeCertificate, IkeEndpoints, IkeIdentity } from '../../engine/ikev2/options.ts'
import type { IkeReport, IkeSecrets, OverReason } from '../../engine/ikev2/report.ts'
import type { IkeSession } from '../../engine/ikev2/session.ts'
import type { IkeState } from '../../engine/ikev2/state.ts'
import type { Host } from '../../net/sockets.ts'
import type { ConfigurationAttribute } from '../../wire/ikev2/configuration.ts'
import { StepRunner, type StepHost } from '../step-runner.ts'

export type Judged =
  | { readonly accepted: true }
  | { readonly accepted: false; readonly failure: string }

export interface IkeOwner {
  sendIke(endpoints: IkeEndpoints, bytes: Uint8Array, marker: boolean): void
  report(report: IkeReport): void
  route(change: 'add' | 'remove', key: string): void
  /** A packet of the other side of EAP; without one: begin. Answered by an input, now or later. */
  eap(packet: Uint8Array | undefined, identity: IkeIdentity | undefined): void
  judge(
    asked: { readonly chain: readonly Uint8Array[]; readonly identity: IkeIdentity },
    done: (judged: Judged) => void,
  ): void
  certificate(authorities: readonly Uint8Array[]): IkeCertificate | undefined
  /** What shall this peer be given? */
  assign(
    request: readonly ConfigurationAttribute[],
    peer: IkePeer,
    done: (reply: readonly ConfigurationAttribute[] | undefined) => void,
  ): void
  childUp(child: IkeChild): void
  childDown(spi: number, why: ChildDownReason): void
  moved(endpoints: IkeEndpoints, encapsulates: boolean): void
  over(why: OverReason): void
}

type IkeRunnerHost = StepHost & Pick<Host, 'addSecret'>

export class IkeRunner extends StepRunner<IkeState, IkeInput, IkeOutput> {
  /** `label` tells its stream of chance from those of other sessions. */
  constructor(host: IkeRunnerHost, session: IkeSession, owner: IkeOwner, label: string) {
    super(host, session, {
      source: 'IKEEXT',
      stream: `ike/${label}`,
      carry: (output) => carry(output, { host, owner, runner: this }),
    })
  }
}

interface Ends {
  readonly host: IkeRunnerHost
  readonly owner: IkeOwner
  readonly runner: IkeRunner
}

type Carried = Exclude<IkeOutput, { readonly kind: 'arm' | 'disarm' }>

function carry(output: Carried, { host, owner, runner }: Ends): void {
  switch (output.kind) {
    case 'send':
      return owner.sendIke(output.endpoints, output.bytes, output.marker)
    case 'report':
      return owner.report(output.report)
    case 'route':
      return owner.route(output.change, output.key)
    case 'eap':
      return owner.eap(output.packet, output.identity)
    case 'ask-judge':
      return owner.judge(output, (judged) => runner.input({ kind: 'judged', ...judged }))
    case 'ask-certificate': {
      const certificate = owner.certificate(output.authorities)
      return runner.input({
        kind: 'certificate',
        ...(certificate !== undefined && { certificate }),
      })
    }
    case 'ask-address':
      return owner.assign(output.request, output.peer, (reply) =>
        runner.input({ kind: 'address', ...(reply !== undefined && { reply }) }),
      )
    case 'child-up':
      return owner.childUp(output.child)
    case 'child-down':
      return owner.childDown(output.spi, output.why)
    case 'moved':
      return owner.moved(output.endpoints, output.encapsulates)
    case 'secrets':
      return keep(host, output.secrets)
    case 'over':
      runner.stop()
      return owner.over(output.why)
  }
}

/** For captures: both ends have the same lines. Addresses are left open, since NAT has others on either side. */
function keep(host: IkeRunnerHost, secrets: IkeSecrets): void {
  if (secrets.kind === 'ike') {
    const line = ikeKeyLine(secrets.suite, secrets, secrets)
    if (line !== undefined) host.addSecret(line, 'ikev2')
    return
  }
  const path = { source: '*', destination: '*', spi: secrets.spi }
  const line = espKeyLine(secrets.suite, path, secrets)
  if (line !== undefined) host.addSecret(line, 'esp')
}
