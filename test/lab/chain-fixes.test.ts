import { expect, test } from 'vitest'
import { fixOf } from '../../src/lab/chain-fixes.ts'
import { DEMAND_FAILURE_CODES, PATH_FAILURE_CODES } from '../../src/pki/profile/failure.ts'

test.for([...PATH_FAILURE_CODES, ...DEMAND_FAILURE_CODES])(
  '%s: one sentence that names the certificate',
  (code) => {
    const fix = fixOf({ code, subject: 'CN=vpn.contoso.com', message: 'is wrong' })
    expect(fix).toContain('CN=vpn.contoso.com')
    expect(fix).not.toMatch(/\n|undefined/)
  },
)

test('what was expected stands in the sentence', () => {
  const failure = { code: 'pki/wrong-eku', subject: 'CN=x', message: 'm', expected: 'serverAuth' }
  expect(fixOf(failure)).toBe('reissue CN=x from a template with the purpose serverAuth')
})

test('a code that is none of ours has no sentence', () => {
  expect(fixOf({ code: 'toString', subject: 'CN=x', message: 'm' })).toBe('')
})
