/** What the compiler must refuse in a topology: each expected error below is one mistyped name. Checked by `tsc`, never run. */
import { topology, host, firewall, ethernetSwitch } from '../../src/topology/topology.ts'
import { allow } from '../../src/topology/firewall.ts'
import { dnsServer, vpnGateway } from '../../src/topology/services.ts'
const f = { path: 'x', text: '', encoding: 'utf-8' } as const
export const good = topology({
  name: 'a',
  start: 'x',
  networks: { lan: '1', dmz: { prefix: '2' } },
  zones: { corp: { origin: 'x', file: f } },
  nodes: {
    a: host(
      { lan: '1', dmz: '3' },
      {
        services: [
          dnsServer({ zones: ['corp'] }),
          vpnGateway({ radius: [{ server: 'b', secret: 's' }] }),
        ],
      },
    ),
    b: firewall({ lan: '1' }, { filter: { rules: [allow('x', { from: 'lan' })] } }),
    s: ethernetSwitch({ networks: ['lan'], trunks: [{ to: 'a', allows: ['lan', 'dmz'] }] }),
  },
})
export const bad = topology({
  name: 'a',
  start: 'x',
  networks: { lan: '1', dmz: { prefix: '2' } },
  zones: { corp: { origin: 'x', file: f } },
  nodes: {
    // @ts-expect-error
    a: host({ lann: '1', dmz: '3' }),
    // @ts-expect-error
    c: host({ dmz: '3' }, { services: [dnsServer({ zones: ['corpp'] })] }),
    // @ts-expect-error
    d: host({ dmz: '3' }, { services: [vpnGateway({ radius: [{ server: 'bb', secret: 's' }] })] }),
    // @ts-expect-error
    s: ethernetSwitch({ networks: ['lan'], trunks: [{ to: 'zz', allows: ['lan'] }] }),
    // @ts-expect-error
    r: firewall({ lan: '1' }, { filter: { rules: [allow('x', { from: 'lann' })] } }),
    q: firewall(
      { lan: '1' },
      { filter: { zones: { in: ['lan'] }, rules: [allow('x', { from: 'in', to: 'lan' })] } },
    ),
    u: host({ lan: '1' }, { roams: ['dmz'] }),
    // @ts-expect-error
    v: host({ lan: '1' }, { roams: ['dmzz'] }),
    // @ts-expect-error
    t: ethernetSwitch({ networks: ['lann'], trunks: [] }),
  },
})
