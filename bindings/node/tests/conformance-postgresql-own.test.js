// SPDX-License-Identifier: MIT
import { testCases } from './conformance.js'

testCases('postgresql', ['own connection'])
