/** Dials of the lab as somebody's capture: all interfaces, or one of them as a person on site would have it. Each test says who dials and what is wrong. */
import type { ContosoEdit } from '../../../scenarios/stories/certificate-edits.ts'
import type { Topology } from '../../../src/index.ts'
import { buildLab } from '../../../src/lab/build.ts'
import type { Lab } from '../../../src/lab/lab.ts'
import type { ConnectReport } from '../../../src/lab/reports.ts'
import { seconds } from '../../../src/base/time.ts'
import { readCaptureFile } from '../../../src/wire/capture-file.ts'
import { encodePcapng } from '../../../src/wire/pcapng.ts'
import { diagnoseCapture, type CaptureReport } from '../../../src/diagnose/capture/report.ts'
import { contoso } from '../../../topologies/contoso/topology.ts'
import { valueOf } from '../../wire/results.ts'

export interface Dialled {
  readonly report: ConnectReport
  readonly capture: Uint8Array
}

export interface Dialling {
  readonly cause?: ContosoEdit
  readonly tunnel?: 'user' | 'device'
  readonly on?: 'laptop' | 'hotelLaptop' | 'mobileLaptop'
  readonly user?: string
  readonly before?: (lab: Lab) => void
}

/** One dial, and some seconds after it in which others speak: nobody's capture ends with the dial. */
export async function dialled({
  cause,
  tunnel = 'user',
  on = 'laptop',
  user,
  before,
}: Dialling): Promise<Dialled> {
  const topology: Topology = cause?.apply(contoso) ?? contoso
  const lab = valueOf(buildLab(topology))
  before?.(lab)
  const node = lab.nodes[on]!
  const report = await node.connect({ tunnel, ...(user !== undefined && { user }) })
  await lab.advance(seconds(5))
  await node.resolve('www.contoso.com')
  return { report, capture: lab.capture() }
}

/** What one interface saw. */
export function seenAt(capture: Uint8Array, name: string): Uint8Array {
  const { frames, interfaces } = valueOf(readCaptureFile(capture))
  const index = interfaces.findIndex((nic) => nic.name === name)
  return encodePcapng({
    application: 'sallyport',
    interfaces: [{ name }],
    frames: frames
      .filter((frame) => frame.interface === index)
      .map(({ at, bytes }) => ({ interface: 0, at: at!, frame: bytes, direction: 'inbound' })),
  })
}

export const read = (capture: Uint8Array): CaptureReport => valueOf(diagnoseCapture(capture))
