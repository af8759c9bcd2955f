import '../css/index.css'
import Alpine from '@alpinejs/csp'
import { startIslands } from './islands'
import { startLive } from './live'
import { startMenu } from './menu'
import { startMenuGroups } from './menu-groups'
import { startRequests } from './requests'

startRequests()
startMenu()
startMenuGroups()
startIslands()
startLive()
Alpine.start()
