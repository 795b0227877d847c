/**
 * The smallest lab that makes sense: a client, a firewall with one rule, and a gateway behind it.
 *
 *   laptop ── internet ── edge ── dmz ── gateway
 */
import { allow, allowEstablished, firewall, host, topology, vpnGateway } from 'sallyport'

export const minimal = topology({
  name: 'minimal',
  start: '2026-03-02T08:00:00Z',
  networks: { internet: '203.0.113.0/24', dmz: '192.0.2.0/28' },
  nodes: {
    laptop: host({ internet: { address: '203.0.113.77', gateway: '203.0.113.1' } }),
    edge: firewall(
      { internet: '203.0.113.1', dmz: '192.0.2.1' },
      {
        filter: {
          rules: [
            allowEstablished(),
            allow('ike-to-gateway', { from: 'internet', to: 'dmz', udp: [500, 4500] }),
          ],
          otherwise: { forward: { name: 'default-deny', verdict: 'drop' } },
        },
      },
    ),
    gateway: host(
      { dmz: { address: '192.0.2.10', gateway: '192.0.2.1' } },
      { services: [vpnGateway()] },
    ),
  },
})
