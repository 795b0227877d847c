/**
 * What NPS costs: whole EAP authentications inside a lab, PAP over real sockets, and a flood of garbage; each beside FreeRADIUS where it can be.
 */
import type { BenchOptions, Report } from './measure.ts'
import { timeLab } from './radius-lab.ts'
import { timeFlood, timeLive } from './radius-live.ts'
import { timePeerEapTls } from './radius-peer.ts'

/** `ours` and `peer` are milliseconds of CPU for an authentication by EAP-TLS; the peer's include the start of eapol_test. */
export async function benchRadius(options: BenchOptions): Promise<Report> {
  if (options.only === 'flood') return { name: 'radius', unit: 'MB', ...(await timeFlood()) }
  const { eapTls, peapTls } = await timeLab(options.runs)
  const peer = await timePeerEapTls()
  const live = await timeLive(options.runs)
  return {
    name: 'radius',
    unit: 'ms of CPU',
    ours: eapTls.cpuMs,
    ...(peer !== undefined && { peer: peer.cpuMs, peerWallMs: peer.wallMs }),
    eapTlsWallMs: eapTls.wallMs,
    peapTlsCpuMs: peapTls.cpuMs,
    peapTlsWallMs: peapTls.wallMs,
    ...live,
  }
}
