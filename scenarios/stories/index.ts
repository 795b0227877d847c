/** Every story of the house, for those who play them all: digests, captures, measurements. */
import type { Story } from 'sallyport'
import { certificates } from './certificates.ts'
import { dns } from './dns.ts'
import { enrolment } from './enrolment.ts'
import { firewallTables } from './firewall-tables.ts'
import { perimeter } from './perimeter.ts'

export const stories: readonly Story[] = [
  ...perimeter,
  ...dns,
  ...certificates,
  ...enrolment,
  ...firewallTables,
]
