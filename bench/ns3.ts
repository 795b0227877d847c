/**
 * The same chain in ns-3, compiled and run on this machine: the peer that forwarding is measured against.
 * Needs Debian's `g++` and `libns3-dev`. The program is shared test data; nothing of it is copied here.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const LIBRARIES = ['core', 'network', 'internet', 'point-to-point', 'applications']
const SOURCE = path.join(process.env['SALLYPORT_DATA'] ?? '../shared/data', '../bench/ns3-chain.cc')

export interface Ns3Chain {
  /** Packet-hops a second, as ns-3 measures itself: from the first event to the last. */
  run(options: { readonly nodes: number; readonly packets: number }): number
  dispose(): void
}

/** The compiled program, or in one line why there is none. */
export function compileNs3(): Ns3Chain | string {
  if (!existsSync(SOURCE)) return `ns-3 is left out: ${SOURCE} is not there`
  const folder = mkdtempSync(path.join(tmpdir(), 'ns3-chain-'))
  const program = path.join(folder, 'ns3-chain')
  const libraries = LIBRARIES.map((library) => `-lns3-${library}`)
  const made = spawnSync('g++', ['-O2', '-o', program, SOURCE, ...libraries], { encoding: 'utf8' })
  const dispose = (): void => rmSync(folder, { recursive: true, force: true })
  if (made.status !== 0) {
    dispose()
    const why = made.error?.message ?? made.stderr.split('\n').find((line) => /error/.test(line))
    return `ns-3 is left out: ${why ?? 'g++ failed'} (Debian: g++ libns3-dev)`
  }
  return {
    run({ nodes, packets }) {
      const args = [`--n=${nodes}`, `--packets=${packets}`]
      const { stdout } = spawnSync(program, args, { encoding: 'utf8' })
      const perSecond = Number(/forwards\/s=(\S+)/.exec(stdout)?.[1])
      if (!(perSecond > 0)) throw new Error(`ns-3 printed '${stdout}'`)
      return perSecond
    },
    dispose,
  }
}
