/** The stories of `stories/connect-suites.ts`, each a test. */
import { scenarios } from 'sallyport/scenario'
import { connectSuites } from './stories/connect-suites.ts'

scenarios(connectSuites)
