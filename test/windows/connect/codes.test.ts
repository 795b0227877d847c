/** Codes of the client: stage, spellings, and that all of the list of an administrator are there. */
import { describe, expect, test } from 'vitest'
import { SERVER_CODES, vpnCode, windowsCode } from '../../../src/windows/connect/codes.ts'
import { WINDOWS_CODES, type WindowsCode } from '../../../src/windows/outcomes.ts'

const span = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => `${from + i}`)

/** RASERR and SYSERR, as far as Always On VPN leads to them; HRESULTs of SSTP and EAPHost. */
const KNOWN = [
  ...'619 628 629 631 633 645 646 647 648 649 651 691 717 718 721 787 788 789 792 798'.split(' '),
  ...'800 801 806 807 808 809 810 811 812 823 824 826 827 828 829 830 832 833 834 835'.split(' '),
  ...'839 840 841 842 843 844 845 847'.split(' '),
  ...span(850, 868),
  ...'13801 13805 13806 13817 13819 13820 13826'.split(' '),
  ...span(13829, 13843),
  ...'13847 13848 13864 13865 13867 13868 13881 13882 13886 13887 13899'.split(' '),
  ...'13900 13901 13903 13905'.split(' '),
  ...'0x80070040 0x800704C9 0x800B0109 0x800B0101 0x80092013 0x800B010F 0x80420014'.split(' '),
]

test.for(KNOWN)('%s has a symbol, a meaning and a stage', (code) => {
  expect(Object.keys(WINDOWS_CODES)).toContain(code)
  const { symbol, meaning, stage } = vpnCode(code as WindowsCode)
  expect(symbol).toMatch(/^[A-Z][A-Z0-9_]+$/)
  expect(meaning).toMatch(/^\S.+[^.]$/)
  expect(['linking', 'authenticating', 'connected']).toContain(stage)
})

describe('the stage', () => {
  // "RAS Connection Establishment Issues": codes after 20222, and after 20223 and 20224.
  test.for(['633', '787', '788', '789', '807', '809', '810', '811', '827', '835'])(
    '%s while linking',
    (code) => expect(vpnCode(code as WindowsCode).stage).toBe('linking'),
  )
  test.for(['647', '648', '649', '691', '708', '718', '736', '798', '801', '806', '812', '826'])(
    '%s while authenticating',
    (code) => expect(vpnCode(code as WindowsCode).stage).toBe('authenticating'),
  )
})

describe('spellings', () => {
  test.for([
    ['809', 809, '0x80070329'],
    ['13801', 13801, '0x800735E9'],
    ['13806', 13806, '0x800735EE'],
    ['13868', 13868, '0x8007362C'],
    // As event 20227 prints them.
    ['0x800B0101', -2146762495, '0x800B0101'],
    ['0x80420014', -2143158252, '0x80420014'],
    ['0x800704C9', -2147023671, '0x800704C9'],
  ] as const)('%s is %d and %s', ([code, decimal, hresult]) => {
    expect(vpnCode(code)).toMatchObject({ decimal, hresult })
    for (const written of [code, `${decimal}`, hresult, hresult.toLowerCase()]) {
      expect(windowsCode(written)).toBe(code)
    }
  })

  test.for(['0x329', '0x35E9', '0x35ee', '0x362C'])('%s is meant', (written) => {
    expect(windowsCode(written)).toBe(`${Number(written)}`)
  })

  test.for(['', 'x', '809 ', '0x', '-0x1', '1e3', '42', '99999999999'])('%j is none', (written) => {
    expect(windowsCode(written)).toBeUndefined()
  })
})

test('RRAS has codes of its own', () => {
  const codes = [919, 930, 938, 939, 940, 941, 942, 949, 950, 951, 952]
  expect(Object.keys(SERVER_CODES).map(Number)).toEqual(codes)
})
