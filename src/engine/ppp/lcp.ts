/**
 * What is asked for and taken in LCP (RFC 1661 §6) where SSTP or another reliable carrier is below: a maximum, EAP, a magic number. No compression of
 * fields, no callback, no multilink: every other option is rejected.
 */
import type { PppOption } from '../../wire/ppp/control.ts'
import { PppProtocol, pppProtocolName } from '../../wire/ppp/frame.ts'
import {
  authenticationOf,
  describeLcpOption,
  LcpOption,
  u16Of,
  u16Option,
  u32Of,
  u32Option,
} from '../../wire/ppp/options.ts'
import { PPP_MRU, type PppEnd } from './contract.ts'
import type { Policy } from './control-protocol.ts'
import { say, type Run } from './state.ts'

type Negotiation = Pick<
  Policy,
  'protocol' | 'control' | 'describe' | 'request' | 'judge' | 'accept' | 'refused'
>

/** Less than any packet of a network has (RFC 791 §3.1). */
const MRU_MIN = 68
const EAP = u16Option(LcpOption.authenticationProtocol, PppProtocol.EAP)

const newMagic = ({ env }: Run): number => env.rng.below(2 ** 32 - 1) + 1

/** Ask from the beginning. */
export function resetLcp(run: Run): void {
  run.state.mru = run.options.mru ?? PPP_MRU
  run.state.magic = newMagic(run)
}

export const lcpNegotiation = (run: Run): Negotiation => ({
  protocol: PppProtocol.LCP,
  control: run.state.lcp,
  describe: describeLcpOption,
  request: () => request(run),
  judge: (option) => judge(run, option),
  accept: (options) => accept(run, options),
  refused: (by, options) => refused(run, by, options),
})

const request = ({ state, options }: Run): readonly PppOption[] => [
  ...(state.mru === undefined ? [] : [u16Option(LcpOption.maximumReceiveUnit, state.mru)]),
  ...(options.role === 'server' ? [EAP] : []),
  ...(state.magic === undefined ? [] : [u32Option(LcpOption.magicNumber, state.magic)]),
]

function judge(run: Run, option: PppOption): 'taken' | 'unknown' | PppOption {
  switch (option.type) {
    case LcpOption.maximumReceiveUnit: {
      const mru = u16Of(option)
      return mru !== undefined && mru >= MRU_MIN
        ? 'taken'
        : u16Option(LcpOption.maximumReceiveUnit, PPP_MRU)
    }
    case LcpOption.authenticationProtocol:
      return judgeAuthentication(run, option)
    case LcpOption.magicNumber: {
      const magic = u32Of(option)
      // RFC 1661 §6.4: our own comes back where the carrier is a loop.
      return magic !== undefined && magic !== 0 && magic !== run.state.magic
        ? 'taken'
        : u32Option(LcpOption.magicNumber, newMagic(run))
    }
    default:
      return 'unknown'
  }
}

/** A server proves itself in TLS and to nobody here. */
function judgeAuthentication(run: Run, option: PppOption): 'taken' | 'unknown' | PppOption {
  if (run.options.role === 'server') return 'unknown'
  const protocol = authenticationOf(option)
  if (protocol === PppProtocol.EAP && option.data.length === 2) return 'taken'
  if (!run.state.isMismatched) {
    const asked = protocol === undefined ? 'nothing' : pppProtocolName(protocol)
    say(run, { kind: 'ppp/authentication-protocol', by: 'own', asked, wanted: 'EAP' })
    run.state.isMismatched = true
  }
  return EAP
}

const find = (options: readonly PppOption[], type: number): PppOption | undefined =>
  options.find((option) => option.type === type)

/** RFC 1661 §6.1: 1500, where it does not say. */
const MRU_DEFAULT = 1500

function accept({ state }: Run, options: readonly PppOption[]): void {
  const mru = find(options, LcpOption.maximumReceiveUnit)
  state.peerMru = (mru && u16Of(mru)) ?? MRU_DEFAULT
  state.peerAuthenticates = find(options, LcpOption.authenticationProtocol) !== undefined
  if (state.peerAuthenticates) state.isMismatched = false
}

function refused(
  run: Run,
  by: 'nak' | 'reject',
  options: readonly PppOption[],
): PppEnd | undefined {
  const { state } = run
  const authentication = find(options, LcpOption.authenticationProtocol)
  if (authentication !== undefined && run.options.role === 'server') {
    const wanted = by === 'nak' ? authenticationOf(authentication) : undefined
    say(run, {
      kind: 'ppp/authentication-protocol',
      by: 'peer',
      asked: 'EAP',
      ...(wanted !== undefined && { wanted: pppProtocolName(wanted) }),
    })
    return 'authentication-protocol'
  }
  const mru = find(options, LcpOption.maximumReceiveUnit)
  if (mru !== undefined) {
    const better = by === 'nak' ? u16Of(mru) : undefined
    if (better === undefined || better < MRU_MIN) delete state.mru
    else state.mru = Math.min(better, run.options.mru ?? PPP_MRU)
  }
  if (find(options, LcpOption.magicNumber) !== undefined) {
    if (by === 'reject') delete state.magic
    else state.magic = newMagic(run)
  }
  return undefined
}
