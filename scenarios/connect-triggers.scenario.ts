/** The stories of `stories/connect-triggers.ts`, each a test. */
import { scenarios } from 'sallyport/scenario'
import { connectTriggers } from './stories/connect-triggers.ts'

scenarios(connectTriggers)
