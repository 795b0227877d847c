/** The stories of `stories/nps-accounts.ts`, each a test. */
import { scenarios } from 'sallyport/scenario'
import { npsAccounts } from './stories/nps-accounts.ts'

scenarios(npsAccounts)
