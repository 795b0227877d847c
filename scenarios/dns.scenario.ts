/** The stories of `stories/dns.ts`, each a test. */
import { scenarios } from 'sallyport/scenario'
import { dns } from './stories/dns.ts'

scenarios(dns)
