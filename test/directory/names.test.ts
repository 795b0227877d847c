/** Under which names NPS finds an account, and which reason each kind of failure has. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { accountNamed, parseAccountName, servicePrincipalNames } from '../../src/directory/names.ts'
import { DOMAIN } from './people.ts'

const found = (name: string): string => {
  const named = accountNamed(DOMAIN, name)
  return named.kind === 'account' ? named.account.key : `${named.kind} ${named.reason}`
}

describe('an account is found', () => {
  test.for([
    ['ada', 'ada'],
    ['ADA', 'ada'],
    ['CORP\\ada', 'ada'],
    ['corp\\Ada', 'ada'],
    ['corp.contoso.com\\ada', 'ada'],
    ['ada@corp.contoso.com', 'ada'],
    ['ADA@CORP', 'ada'],
    ['bob@contoso.com', 'bob'],
    // The implicit UPN is there beside the explicit one.
    ['bob@corp.contoso.com', 'bob'],
    ['host/laptop.corp.contoso.com', 'laptop'],
    ['HOST/laptop', 'laptop'],
    ['LAPTOP$', 'laptop'],
    ['CORP\\LAPTOP$', 'laptop'],
    ['laptop$@corp.contoso.com', 'laptop'],
  ])('%s is %s', ([name, key]) => {
    expect(found(name!)).toBe(key)
  })

  test('an explicit UPN wins over the implicit one of somebody else', () => {
    expect(found('swap@corp.contoso.com')).toBe('other')
    expect(found('swap')).toBe('swap')
  })
})

describe('nobody is found', () => {
  test.for([
    ['zoe', 'unknown-user 8'],
    ['CORP\\zoe', 'unknown-user 8'],
    ['zoe@corp.contoso.com', 'unknown-user 8'],
    // Somebody has the suffix: it is one of the forest's.
    ['zoe@contoso.com', 'unknown-user 8'],
    ['host/printer.corp.contoso.com', 'unknown-user 8'],
    // A computer is not called by its user's name.
    ['laptop', 'unknown-user 8'],
    ['NOWHERE\\ada', 'unknown-domain 7'],
    ['ada@nowhere.example', 'unknown-domain 8'],
    ['FABRIKAM\\zoe', 'trusted-domain 5'],
    ['fabrikam.com\\zoe', 'trusted-domain 5'],
    ['zoe@fabrikam.com', 'trusted-domain 5'],
    ['', 'malformed 8'],
    ['\\ada', 'malformed 8'],
    ['CORP\\', 'malformed 8'],
    ['A\\B\\c', 'malformed 8'],
    ['@contoso.com', 'malformed 8'],
    ['host/', 'malformed 8'],
    ['ada\u0000', 'malformed 8'],
  ])('%s: %s', ([name, told]) => {
    expect(found(name!)).toBe(told)
  })

  test('what is assumed of unknown suffixes and of what is no name can be set', () => {
    const assume = { reasonOfUnknownSuffix: 7, reasonOfMalformedName: 298 } as const
    expect(accountNamed(DOMAIN, 'ada@nowhere.example', assume)).toMatchObject({ reason: 7 })
    expect(accountNamed(DOMAIN, '', assume)).toMatchObject({ reason: 298 })
  })
})

test('any text is a name or malformed, and is never an exception', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (name) => {
      const isMalformed = parseAccountName(name).form === 'malformed'
      return (accountNamed(DOMAIN, name).kind === 'malformed') === isMalformed
    }),
  )
})

test('a computer has the principal names under which it is found, a user none', () => {
  const of = (name: string) => {
    const named = accountNamed(DOMAIN, name)
    return named.kind === 'account' ? servicePrincipalNames(named.account) : undefined
  }
  expect(of('LAPTOP$')).toEqual(['HOST/laptop.corp.contoso.com', 'HOST/LAPTOP'])
  expect(of('LAPTOP$')!.map(found)).toEqual(['laptop', 'laptop'])
  expect(of('ada')).toEqual([])
})
