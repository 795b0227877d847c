/**
 * An EAP conversation of one request after another: what the EAP server asks of NPS, and what its end means for the decision.
 * Not the methods (`engine/eap/`), and not the choice of a policy. RFC 3579 §2.
 */
import { toHex } from '../../base/bytes.ts'
import type { EapFault } from '../../engine/eap/method.ts'
import type { AccessRecord } from '../../windows/nps/events.ts'
import type { NpsReason } from '../../windows/nps/reasons.ts'
import { attributeValue } from '../../wire/radius/attributes.ts'
import { readPresented } from '../../pki/certificate/presented.ts'
import {
  asFailure,
  decided,
  finish,
  rejected,
  whose,
  type Case,
  type Conversation,
  type Done,
  type Known,
  type Refusal,
} from './cases.ts'
import { reasonOfFault, type FaultReason } from './eap-faults.ts'
import { EapSession, type EapEnd } from './eap-session.ts'
import { EAP_TYPE_NAMES } from './facts.ts'
import { offersOf } from './offers.ts'
import { mskProof } from './passwords.ts'

/** OWN: NPS takes frames of 1,500 bytes where neither policy nor request say otherwise, and four of them are the header around EAP. */
const FRAMED_MTU = 1500
const FRAME_BYTES = 4

function fragmentSize({ choice, packet }: Known): number {
  const asked = attributeValue(packet.attributes, 'Framed-MTU') ?? FRAMED_MTU
  const told = choice.networkPolicy?.framedMtu ?? FRAMED_MTU
  return Math.max(64, Math.min(asked, told, FRAMED_MTU) - FRAME_BYTES)
}

/** Begin with the EAP packet of an Access-Request. */
export function beginEap(known: Known, bytes: Uint8Array, done: Done): void {
  const { context, choice } = known
  const { deps } = context
  const offers = offersOf(choice.authentication, {
    memory: context.memory,
    tlsMaximum: deps.tlsMaximum(),
    identity: deps.identity,
    cryptography: context.host.cryptography,
    hold: () => context.host.hold(),
    onKeyLog: deps.onKeyLog,
    fragmentSize: fragmentSize(known),
    serverName: deps.computerName,
  })
  if (offers.length === 0 && (choice.authentication.eap ?? []).length > 0) {
    return done(rejected(known, fault(known, { code: 'eap/no-certificate', side: 'own' })))
  }
  new EapConversation(known, offers).packet(bytes, known.record, done)
}

const fault = (known: Case, of: EapFault, certificate?: FaultReason): Refusal => {
  const { reason, detail, restsOn } = reasonOfFault(of, known.context.deps.assume(), certificate)
  return { reason, why: [detail], restsOn }
}

class EapConversation implements Conversation {
  readonly id: string
  readonly #session: EapSession
  #known: Known
  #certificate: FaultReason | undefined

  constructor(known: Known, offers: ConstructorParameters<typeof EapSession>[1]['offers']) {
    const { host, deps, onAbandoned } = known.context
    this.#known = known
    this.id = toHex(known.context.nextState())
    this.#session = new EapSession(host, {
      label: this.id,
      offers,
      timeout: deps.eapTimeout(),
      judge: (chain, resumed, then) => this.#judge(chain, resumed, then),
      logon: (request, then) => {
        const { directory } = deps
        if (directory === undefined) {
          return then({ ok: false, error: 691, reason: 32, retry: false })
        }
        directory.logonMsChapV2(request, then)
      },
      onTimeout: () => {
        const refusal = fault(this.#known, { code: 'eap/timed-out' })
        onAbandoned(this, decided(this.#known, [], { ...refusal, result: 'denied' }))
      },
    })
  }

  packet(bytes: Uint8Array, record: AccessRecord, done: Done): void {
    // Later requests tell less of who it is than is known by now.
    this.#known = {
      ...this.#known,
      record: { ...record, ...this.#known.record, at: record.at },
    }
    this.#session.packet(bytes, (turn) => {
      switch (turn.kind) {
        case 'challenge':
          return done({ kind: 'challenge', eap: turn.packet, conversation: this })
        case 'ignored':
          return done({ kind: 'discard', detail: turn.detail })
        case 'over':
          return this.#end(turn.report, turn.packet, done)
      }
    })
  }

  stop(): void {
    this.#session.stop()
  }

  #end(report: EapEnd, packet: Uint8Array, done: Done): void {
    const known = this.#withTypes(report.types)
    if (report.code === 'eap/failed') {
      const refusal = fault(known, report.fault, this.#certificate)
      return done(rejected(known, refusal, { eap: packet }))
    }
    const { msk, resumed: isResumed, innerIdentity } = report
    const proof = mskProof(msk)
    const inner = innerIdentity ?? report.identity
    const isOther = known.account === undefined || inner !== known.facts.userName
    if (!isOther) return finish(known, { proof, eap: packet, isResumed }, done)
    const failed: Done = (outcome) =>
      done(outcome.kind === 'reject' ? { ...outcome, eap: asFailure(packet) } : outcome)
    const asked = { ...known, facts: { ...known.facts, userName: inner } }
    whose(
      asked,
      inner,
      (account) => finish({ ...asked, account }, { proof, eap: packet, isResumed }, done),
      failed,
    )
  }

  #withTypes(types: readonly number[]): Known {
    const [outer] = types
    const eapType = outer === undefined ? undefined : EAP_TYPE_NAMES[outer]
    const { facts, record } = this.#known
    return {
      ...this.#known,
      facts: eapType === undefined ? facts : { ...facts, eapType },
      record: {
        ...record,
        ...(eapType === 'peap' && { authenticationType: 'PEAP' }),
        ...(types.length > 0 && { eapType: shownEapType(types.at(-1)!) }),
      },
    }
  }

  #judge(
    chain: readonly Uint8Array[],
    isResumed: boolean,
    then: (verdict: { accepted: true } | { accepted: false; failure: string }) => void,
  ): void {
    const { context, choice } = this.#known
    const refuse = (found: FaultReason): void => {
      this.#certificate = found
      then({ accepted: false, failure: found.detail })
    }
    // A session that was resumed was judged when it began, which is what makes it fast.
    if (isResumed) return then({ accepted: true })
    const { deps } = context
    const allowedCertificateOids = choice.networkPolicy?.allowedCertificateOids
    deps.judgeUser(chain, { allowedCertificateOids }, (judgement) => {
      const { valid, failures, windows } = judgement
      if (!valid) {
        const [first] = failures
        return refuse({
          reason: (windows?.reason?.code ?? 288) as NpsReason,
          detail: first === undefined ? 'not trusted' : `${first.subject} ${first.message}`,
          restsOn: (judgement.restsOn ?? []) as FaultReason['restsOn'],
        })
      }
      this.#isTheirs(chain[0]!, refuse, () => then({ accepted: true }))
    })
  }

  /** A good certificate must be that of whoever says to come, and a controller must say so. */
  #isTheirs(der: Uint8Array, refuse: (found: FaultReason) => void, then: () => void): void {
    const { context, account } = this.#known
    const { directory } = context.deps
    const read = readPresented(der)
    if (directory === undefined || !read.ok) return then()
    directory.mapCertificate(read.value, (mapped) => {
      if (!mapped.ok) return refuse({ reason: mapped.reason, detail: mapped.detail, restsOn: [] })
      const isOthers =
        account !== undefined && mapped.sid !== undefined && mapped.sid !== account.sid
      if (!isOthers) return then()
      refuse({
        reason: context.deps.assume().reasonOfOtherHolder,
        detail: `the certificate is another’s: expected ${account.name}, got ${mapped.name ?? mapped.sid}`,
        restsOn: ['reasonOfOtherHolder'],
      })
    })
  }
}

const SHOWN_EAP_TYPES: Readonly<Record<number, string>> = {
  13: 'Microsoft: Smart Card or other certificate',
  25: 'Microsoft: Protected EAP (PEAP)',
  26: 'Microsoft: Secured password (EAP-MSCHAP v2)',
}

const shownEapType = (type: number): string => SHOWN_EAP_TYPES[type] ?? `EAP type ${type}`
