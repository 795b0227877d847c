/** Wrong use is told in one or two lines on standard error, with exit status 2, and nothing else happens. */
import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { emptyFolder, startedFolder } from './sallyport.ts'

test.for([
  [['rnu'], /unknown command 'rnu'/, /Did you mean run/],
  [['run', '--jsn'], /unknown option '--jsn'/, /Did you mean --json/],
  [['run', '--seed', '0x10'], /--seed.*0x10.*whole number/],
  [['run', '--seed', '-1'], /--seed.*-1/],
  [['run', '--at', 'tomorrow'], /--at.*tomorrow.*2026-03-02/],
  [['run', '--at', '2026-02-30'], /--at.*2026-02-30/],
  [['run', '--shard', '3/2'], /--shard.*3\/2/],
  [['run', '--reporter', 'pretty,xml'], /'xml' is none of pretty, junit, github, json/],
  [['run'], /no story found in scenarios/],
  [['check'], /missing required argument 'file'/],
  [['check', 'nope.ts'], /nope\.ts: no such file/],
  [['probe', '--from', 'a'], /--to <target>/],
  [['probe', '--from', 'a', '--to', 'b'], /no topology was named/],
  [['probe', 't.ts', '--from', 'a', '--to', 'b', '--udp', '65536'], /--udp.*65536/],
  [
    ['probe', 't.ts', '--from', 'a', '--to', 'b', '--udp', '1', '--tcp', '1'],
    /cannot be used with/,
  ],
  [['resolve', '--on', 'a'], /no name to resolve/],
  [['resolve', '--on', 'a', 'b', 'NOTYPE'], /'NOTYPE' is no record type/],
  [['chain', '--on', 'a'], /--on and --of/],
  [['chain', '--anchor', 'none.pem', 'leaf.pem'], /none\.pem: cannot be read/],
  [['init'], /missing required argument 'dir'/],
] as const)('%j is refused', ([args, ...patterns]) => {
  using folder = emptyFolder()
  const ran = folder.run(...args)
  expect(ran.status).toBe(2)
  expect(ran.stdout).toBe('')
  expect(ran.complaints.length).toBeLessThanOrEqual(2)
  for (const pattern of patterns) expect(ran.stderr).toMatch(pattern)
  expect(readdirSync(folder.path)).toEqual([])
})

test('names that are not in the topology are refused with the one that was meant', () => {
  using folder = startedFolder()
  const ran = folder.run('probe', 'topology.ts', '--from', 'laptpo', '--to', 'gateway')
  expect(ran.status).toBe(2)
  expect(ran.complaints).toEqual([
    "error: topology.ts: --from 'laptpo' is no node of topology 'my-network'; did you mean 'laptop'?",
  ])
})

test('help and version are answers', () => {
  using folder = emptyFolder()
  const help = folder.run('run', '--help')
  expect(help.status).toBe(0)
  expect(help.stdout).toContain('npx sallyport run --tag core')
  expect(folder.run('--version').stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
})
