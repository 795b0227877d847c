/** The stories of `stories/nps-policies.ts`, each a test. */
import { scenarios } from 'sallyport/scenario'
import { npsPolicies } from './stories/nps-policies.ts'

scenarios(npsPolicies)
