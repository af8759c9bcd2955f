import '../css/index.css'
import Alpine from '@alpinejs/csp'
import { startIslands } from './islands'
import { startLive } from './live'
import { startMenu } from './menu'
import { startRequests } from './requests'

startRequests()
startMenu()
startIslands()
startLive()
Alpine.start()
