/** CL-04: clients that lack the root of the gateway’s or of NPS’s certificate. */
import { expect, test } from 'vitest'
import { clientTrust } from '../../src/preflight/client-trust.ts'
import { withoutAuthorityOn } from '../../src/topology/edit.ts'
import { contoso } from '../../topologies/contoso/topology.ts'

test('the Contoso deployment has no client without the root', () => {
  expect(clientTrust(contoso)).toEqual([])
})

test('a client without the root is told of both servers, with the code of each', () => {
  const topology = withoutAuthorityOn<string, string, string>('laptop', 'rootCa').apply(contoso)
  expect(clientTrust(topology)).toMatchObject([
    {
      rule: 'CL-04',
      message: expect.stringContaining('gateway: it sees 13801'),
      path: ['nodes', 'laptop', 'trusts'],
    },
    { rule: 'CL-04', message: expect.stringContaining('nps1: it sees 864') },
  ])
})

test('who has no VPN profile need not trust them', () => {
  const topology = withoutAuthorityOn<string, string, string>('files', 'rootCa').apply(contoso)
  expect(clientTrust(topology)).toEqual([])
})
