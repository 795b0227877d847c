/** The stories of `stories/connect.ts`, each a test. */
import { scenarios } from 'sallyport/scenario'
import { connect } from './stories/connect.ts'

scenarios(connect)
