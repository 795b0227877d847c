/** `sallyport read`: captures of the lab and of others by exit status, as lines and as JSON; what is no capture is refused in one line. */
import { copyFileSync, existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { capturePath } from '../wire/captures.ts'
import { emptyFolder } from './sallyport.ts'

const CONTOSO = fileURLToPath(new URL('../../topologies/contoso/topology.ts', import.meta.url))

test('a capture that connect wrote is read again: exit 0 for a tunnel, 1 for none', () => {
  using folder = emptyFolder()
  for (const client of ['laptop', 'hotelLaptop']) {
    folder.run('connect', CONTOSO, '--client', client, '--pcap', 'captures')
  }
  const good = folder.run('read', 'captures/connect-laptop.pcapng', '--json')
  expect(good.status).toBe(0)
  expect(JSON.parse(good.stdout)).toMatchObject({
    outcome: 'connected',
    errorCode: null,
    diagnosis: [],
    dials: [{ outcome: 'connected' }],
  })
  const bad = folder.run('read', 'captures/connect-hotelLaptop.pcapng', '--json')
  expect(bad.status).toBe(1)
  expect(JSON.parse(bad.stdout)).toMatchObject({
    outcome: 'failed',
    errorCode: '809',
    phase: 'P2',
    diagnosis: [{ code: 'capture/sa-init-unanswered' }],
  })
})

test.skipIf(!existsSync(capturePath('ikev2/windows-client-2015.pcap')))(
  'a real dial: what was lost, by frame numbers, and what mends it',
  () => {
    using folder = emptyFolder()
    copyFileSync(capturePath('ikev2/windows-client-2015.pcap'), path.join(folder.path, 'dial.pcap'))
    const ran = folder.run('read', 'dial.pcap')
    expect(ran.status).toBe(1)
    expect(ran.stderr).toBe('')
    expect(ran.stdout).toContain('fragments of IKE_AUTH are lost')
    expect(ran.stdout).toContain('(frames 3-11)')
    expect(ran.stdout).toContain('error 809 (ERROR_VPN_TIMEOUT)')
    expect(ran.stdout).toContain('EnableServerFragmentation=1')
  },
)

test.for<[file: string, text: string, complaint: string]>([
  ['none.pcap', '', 'error: none.pcap: no such file'],
  [
    'notes.txt',
    'hello',
    'error: notes.txt: is no capture: it begins neither as pcap nor as pcapng',
  ],
  [
    'trace.etl',
    'x',
    'error: trace.etl: is a trace of Windows: make pcapng of it first, with  pktmon etl2pcap  or  etl2pcapng',
  ],
])('%s is refused in one line', ([file, text, complaint]) => {
  using folder = emptyFolder()
  if (text !== '') folder.write(file, text)
  const ran = folder.run('read', file)
  expect(ran.status).toBe(2)
  expect(ran.complaints).toEqual([complaint])
})
