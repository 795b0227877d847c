/**
 * Whole profiles as people deploy them, by this project and by others: everything that is said of each, and nothing beside it. They
 * follow what vendors' and administrators' published profiles look like, good and bad; names and numbers are made up.
 */
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { lintProfile } from '../../../src/preflight/profile/lint.ts'
import { readProfile } from '../../../src/windows/profile-xml.ts'
import { writeProfile } from '../../../src/windows/profile/write.ts'
import { sourceFile } from '../../../src/topology/files.ts'

const samples = fileURLToPath(new URL('./samples/', import.meta.url))
const shared = path.resolve(process.env['SALLYPORT_DATA'] ?? '../shared/data', 'profilexml')

function told(folder: string, file: string): readonly string[] {
  const linted = lintProfile(sourceFile(path.join(folder, 'here'), file))
  if (!linted.ok) throw new Error(JSON.stringify(linted.error))
  return linted.value.findings.map(
    ({ severity, rule, at }) => `${severity} ${rule} ${at.line}:${at.column}`,
  )
}

const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  'azure-user.xml': [
    'warning L03 1:1',
    'warning L04 1:1',
    'warning L43 9:779',
    'warning PX-04 13:5',
    'warning PX-04 28:3',
    'info L24 3:14',
    'info PX-05 6:19',
  ],
  'conditional-access.xml': [
    'error L10 24:612',
    'error L12 35:17',
    'warning L58 6:57',
    'warning L58 24:611',
    'info L10 8:14',
    'info L28 18:25',
    'info L53 38:3',
  ],
  'filters.xml': [],
  'force-tunnel.xml': [],
  'forced-device.xml': ['error L27 8:3', 'warning PX-04 8:3', 'warning L35 14:5', 'info L24 9:14'],
  'lab-device.xml': ['error L34 17:35', 'warning PX-04 4:5', 'info L02 2:26', 'info L24 7:18'],
  'letter-case.xml': [
    'error L57 2:3',
    'error L57 3:3',
    'error L11 5:3',
    'error L06 14:17',
    'error PX-01 15:3',
    'error PX-02 16:14',
    'error L47 20:17',
    'warning L03 1:1',
    'warning L55 6:5',
    'warning L33 13:3',
    'warning PX-04 14:3',
    'warning L56 14:17',
  ],
  'lockdown.xml': [
    'error L05 7:24',
    'warning L05 2:13',
    'warning L25 5:14',
    'warning PX-04 7:5',
    'warning L51 12:3',
    'warning PX-04 16:3',
    'warning L05 16:28',
    'info L24 5:14',
  ],
  'old-sample.xml': [
    'error L46 12:1',
    'error L46 12:88',
    'error L46 12:482',
    'error L46 12:579',
    'error L46 12:1082',
    'error L16 18:3',
    'error L16 20:5',
    'warning PX-04 4:3',
    'warning PX-04 16:5',
    'warning L04 24:28',
    'info L24 6:14',
    'info PX-05 9:19',
    'info L08 25:19',
  ],
  'peap-passwords.xml': [
    'error L43 29:56',
    'warning PX-04 5:5',
    'warning L44 26:37',
    'warning L42 28:54',
    'info L02 3:26',
    'info L24 8:18',
    'info PX-05 12:25',
  ],
  'plugin.xml': ['warning L01 3:13'],
  'windows-11-list.xml': [
    'warning L56 5:28',
    'warning L31 14:31',
    'warning L48 30:14',
    'info L52 5:3',
    'info L31 10:5',
    'info L53 33:3',
  ],
  'wmi-escaped.xml': ['error L14 18:17', 'warning L44 13:934', 'warning L13 19:17'],
  'powershell-utf16.xml': ['info PX-05 11:19'],
  'cdata-eap.xml': ['info L24 7:14', 'info PX-05 11:19'],
  'escaped-eap.xml': ['info PX-05 10:19'],
  'https-namespaces.xml': [
    'error L46 12:24',
    'error L46 12:111',
    'error L46 12:505',
    'error L46 12:602',
    'error L46 12:1150',
    'error L46 12:1691',
    'error L46 12:2074',
    'info L24 6:14',
    'info PX-05 10:19',
  ],
  'no-namespaces.xml': ['error L46 12:24', 'info L24 6:14', 'info PX-05 10:19'],
  'tls-in-peap-type.xml': [
    'error L41 12:586',
    'warning L45 12:595',
    'info L24 6:14',
    'info PX-05 10:19',
  ],
  'quoted-names.xml': [
    'warning L42 12:791',
    'warning L42 12:1465',
    'info L24 6:14',
    'info PX-05 10:19',
  ],
  'short-thumbprint.xml': [
    'error L43 12:873',
    'error L43 12:1520',
    'info L24 6:14',
    'info PX-05 10:19',
  ],
  'late-native-profile.xml': [
    'error L13 11:17',
    'warning L12 10:17',
    'warning PX-04 13:3',
    'info L24 14:14',
    'info PX-05 18:19',
  ],
  'all-addresses.xml': [
    'warning L48 18:14',
    'warning L51 25:3',
    'info L24 6:14',
    'info PX-05 10:19',
    'info L49 21:3',
  ],
  'gateway-address.xml': [
    'warning L56 5:19',
    'warning L23 7:14',
    'info L08 5:19',
    'info L24 7:14',
    'info L28 9:25',
    'info PX-05 11:19',
  ],
  'persistent-apex.xml': [
    'error L14 22:17',
    'error L12 27:17',
    'error L13 28:17',
    'info L24 6:14',
    'info PX-05 10:19',
  ],
}

const UNREADABLE = [
  'lab-device.xml',
  'late-native-profile.xml',
  'letter-case.xml',
  'peap-passwords.xml',
  'short-thumbprint.xml',
  'tls-in-peap-type.xml',
]

test('each sample is expected', () => {
  expect(readdirSync(samples).toSorted()).toEqual(Object.keys(EXPECTED).toSorted())
})

test.for(Object.entries(EXPECTED))('%s', ([file, expected]) => {
  expect(told(samples, file)).toEqual(expected)
})

/** The others have values that nobody can read, and so cannot be written. */
const READABLE = Object.keys(EXPECTED).filter((file) => !UNREADABLE.includes(file))

test.for(READABLE)('%s, read and written back, says nothing new, and stands in order', (file) => {
  const source = sourceFile(path.join(samples, 'here'), file)
  const read = readProfile(source)
  if (!read.ok) throw new Error(JSON.stringify(read.error))
  const text = writeProfile(read.value)
  const rules = (linted: ReturnType<typeof lintProfile>): ReadonlySet<string> => {
    if (!linted.ok) throw new Error(JSON.stringify(linted.error))
    return new Set(linted.value.findings.map(({ rule }) => rule))
  }
  const before = rules(lintProfile(source))
  const after = rules(lintProfile({ path: 'written.xml', text, encoding: 'utf-8' }))
  expect([...after].filter((rule) => !before.has(rule))).toEqual([])
  expect(['PX-04', 'L54', 'L56', 'L57', 'L58'].filter((rule) => after.has(rule))).toEqual([])
})

describe.skipIf(!existsSync(shared))('the profiles of richardhicks/aovpn', () => {
  test('the user tunnel: proxy in a split tunnel, set twice; filters; EAP left to be pasted', () => {
    expect(told(shared, 'ProfileXML_User.xml')).toEqual([
      'error L39 29:22',
      'warning L09 13:4',
      'warning L09 17:22',
      'warning L20 90:4',
      'warning L21 90:4',
      'warning L22 92:24',
      'info L52 9:4',
      'info L28 27:27',
      'info L49 64:4',
      'info L53 145:4',
    ])
  })

  test('the device tunnel: only what wants Windows 11', () => {
    expect(told(shared, 'ProfileXML_Device.xml')).toEqual(['info L52 9:4', 'info L53 57:4'])
  })
})
