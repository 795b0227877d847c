/**
 * TCP's clocks: the retransmission timeout (RFC 6298), and how often and how long Windows tries.
 * Not timers: pure arithmetic on durations; `tcp-connection.ts` arms what comes out.
 */
import { microseconds, ms, seconds, type Duration } from '../base/time.ts'

/** How patient a host's TCP is. */
export interface TcpSettings {
  /** The retransmission timeout before anything was measured. */
  readonly initialTimeout: Duration
  readonly synRetransmissions: number
  /** Retransmissions in a row without an answer before a connection is given up; zero-window probes count alike. */
  readonly dataRetransmissions: number
  /** How long both ends' numbers stay reserved after the last FIN: 2 · MSL. */
  readonly timeWait: Duration
}

/**
 * Windows: TcpInitialRtt 3 s, TcpMaxConnectRetransmissions 2 (a connect nobody answers fails after 3 + 6 + 12 = 21 s),
 * TcpMaxDataRetransmissions 5 (KB 170359), TcpTimedWaitDelay 120 s. `Get-NetTCPSetting` shows them.
 */
export const WINDOWS_TCP: TcpSettings = {
  initialTimeout: seconds(3),
  synRetransmissions: 2,
  dataRetransmissions: 5,
  timeWait: seconds(120),
}

/** RFC 6298 §2.4 asks for 1 s but allows less; Windows' MinRto is 300 ms (Get-NetTCPSetting, template Internet). */
export const TIMEOUT_MIN: Duration = ms(300)
/** RFC 6298 §2.5: a maximum must be at least 60 s. */
export const TIMEOUT_MAX: Duration = seconds(60)
/** RFC 6298 §2.3, the clock's granularity G. */
const GRANULARITY: Duration = ms(1)

/** SRTT and RTTVAR are undefined until the first measurement. `timeout` already holds back-off. */
export interface RoundTrip {
  readonly smoothed?: Duration
  readonly variation?: Duration
  readonly timeout: Duration
}

const clamp = (timeout: number): Duration =>
  microseconds(Math.min(Math.max(timeout, TIMEOUT_MIN), TIMEOUT_MAX))

/** RFC 6298 §2.2 and §2.3. `measured` must not come from a segment that was retransmitted (Karn). */
export function measure(before: RoundTrip, measured: Duration): RoundTrip {
  const { smoothed: srtt, variation: rttvar } = before
  const variation =
    rttvar === undefined || srtt === undefined
      ? measured / 2
      : 0.75 * rttvar + 0.25 * Math.abs(srtt - measured)
  const smoothed = srtt === undefined ? measured : 0.875 * srtt + 0.125 * measured
  return {
    smoothed: microseconds(smoothed),
    variation: microseconds(variation),
    timeout: clamp(smoothed + Math.max(GRANULARITY, 4 * variation)),
  }
}

/** RFC 6298 §5.5. */
export const backOff = (before: RoundTrip): RoundTrip => ({
  ...before,
  timeout: clamp(before.timeout * 2),
})
