/** The stories of `stories/firewall-tables.ts`, each a test. */
import { scenarios } from 'sallyport/scenario'
import { firewallTables } from './stories/firewall-tables.ts'

scenarios(firewallTables)
