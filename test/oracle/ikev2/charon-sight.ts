/** What charon saw, in the words of `sight.ts`: its SAs by vici, and what it was refused or refused itself by its log. */
import type { Role } from './case.ts'
import { EAP_FAILURE, type Refusal, type Sight } from './sight.ts'
import type { CharonSa } from './vici-text.ts'

/** charon's short names for error notifications (`notify_payload.c`). */
const NOTIFIES: Readonly<Record<string, string>> = {
  NO_PROP: 'NO_PROPOSAL_CHOSEN',
  AUTH_FAILED: 'AUTHENTICATION_FAILED',
  TS_UNACCEPT: 'TS_UNACCEPTABLE',
  INT_ADDR_FAIL: 'INTERNAL_ADDRESS_FAILURE',
  INVAL_SYN: 'INVALID_SYNTAX',
  INVAL_KE: 'INVALID_KE_PAYLOAD',
  FAIL_CP_REQ: 'FAILED_CP_REQUIRED',
  SINGLE_PAIR: 'SINGLE_PAIR_REQUIRED',
  CHILD_NOTFOUND: 'CHILD_SA_NOT_FOUND',
  TEMP_FAIL: 'TEMPORARY_FAILURE',
  CRIT: 'UNSUPPORTED_CRITICAL_PAYLOAD',
}

/** `parsed IKE_AUTH response 1 [ N(AUTH_FAILED) ]`, `generating …`. */
const MESSAGE =
  /(parsed|generating) (IKE_SA_INIT|IKE_AUTH|CREATE_CHILD_SA|INFORMATIONAL) (request|response) \d+ \[ (.*) \]$/

export function charonRefusals(log: string): readonly Refusal[] {
  return log.split('\n').flatMap((line) => {
    const [, verb, exchange, kind, payloads = ''] = MESSAGE.exec(line) ?? []
    const from = verb === 'parsed' ? ('twin' as const) : ('charon' as const)
    return payloads.split(' ').flatMap((payload) => {
      const [, short = ''] = /^N\((\w+)\)$/.exec(payload) ?? []
      const notify = payload === 'EAP/FAIL' ? EAP_FAILURE : NOTIFIES[short]
      return notify === undefined ? [] : [{ notify, from, within: `${exchange} ${kind}` }]
    })
  })
}

/** `role` is the twin's. Of several SAs the one that stands. */
export function charonSight(
  sas: readonly CharonSa[],
  role: Role,
  dns: readonly string[] | undefined,
): Sight {
  const sa = sas.find(({ state }) => state === 'ESTABLISHED')
  const isClient = role === 'responder'
  return {
    ike: sa === undefined ? undefined : { suite: sa.suite, spiI: sa.spiI, spiR: sa.spiR },
    children: (sa?.children ?? [])
      .filter(({ state }) => state === 'INSTALLED')
      .map(({ suite, spiIn, spiOut, group }) => ({
        suite,
        spiToCharon: spiIn,
        spiToTwin: spiOut,
        group,
      })),
    address: (isClient ? sa?.localVips : sa?.remoteVips)?.[0],
    dns,
    charonAt: sa?.local,
    twinAt: sa?.remote,
  }
}
