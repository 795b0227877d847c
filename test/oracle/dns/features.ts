/**
 * What a run of the DNS judge must have met at least once: if one of these is never drawn, the run proves less than it says.
 */
import { DRAWN_TYPES } from './draw-zones.ts'

export const EXPECTED_FEATURES: readonly string[] = [
  ...DRAWN_TYPES.map((type) => `answered: ${type}`),
  ...DRAWN_TYPES.map((type) => `type: ${type}`),
  'type: ANY',
  ...['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED', 'YXDOMAIN', 'BADVERS'].map(
    (r) => `rcode: ${r}`,
  ),
  ...[
    'AA',
    'not AA',
    'TC',
    'no data',
    'name error',
    'referral',
    'alias',
    'DNAME',
    'additional data',
  ].map((r) => `response: ${r}`),
  ...['udp', 'tcp'].map((t) => `transport: ${t}`),
  ...['IN', 'another'].map((c) => `class: ${c}`),
  ...['above', 'below', 'beside', 'far below', 'as drawn', 'random case'].map((n) => `name: ${n}`),
  ...['none', 'size 512', 'size 1232', 'size 4096', 'version above 0', 'DO', 'unknown option'].map(
    (e) => `edns: ${e}`,
  ),
  ...[
    'two questions',
    'opcode',
    'answer in a query',
    'cut short',
    'trailing octets',
    'pointer to itself',
  ].map((o) => `odd: ${o}`),
  ...['wildcard', 'wildcard in the middle', 'three labels down', 'escapes', 'beyond ASCII'].map(
    (o) => `owner: ${o}`,
  ),
  ...['with glue', 'without glue', 'occluded data'].map((d) => `delegation: ${d}`),
  ...['loop', 'long', 'short'].map((c) => `chain: ${c}`),
  ...['$ORIGIN', '$TTL', '@', 'relative name', 'owner omitted', 'TTL omitted'].map(
    (t) => `text: ${t}`,
  ),
  'zone: parent and child on one server',
  'rrset: more than thirteen records',
]
