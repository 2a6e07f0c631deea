// Prints what Zigbee2MQTT's own converters make of the alarms that radios send: node converted.mjs FOLDER_WITH_NODE_MODULES
//
// Each definition is sent every bit of an IAS zone and the calls of a keypad: a line for each answer, with all models that give it.
// The lines are tests/devices/converted.jsonl; the package is the one that devices/profiles/zigbee pins.

import {createRequire} from "node:module";
import {resolve} from "node:path";

const require = createRequire(resolve(process.argv[2], "package.json"));
const {prepareDefinition, setLogger} = require("zigbee-herdsman-converters");
const definitions = require("zigbee-herdsman-converters/devices/index").default;
const silent = () => {};
setLogger({debug: silent, info: silent, warning: silent, error: silent});
process.on("unhandledRejection", silent); // a converter that asks the device about more: nobody answers here

const sent = [];
for (const bit of [0, 1, 2, 4, 8, 64, 128, 256, 512]) {
    const zone = {zonestatus: bit, extendedstatus: 0};
    sent.push([`zone ${bit}`, "ssIasZone", "commandStatusChangeNotification", zone]);
    sent.push([`zone ${bit}`, "ssIasZone", "attributeReport", {zoneStatus: bit}]);
}
for (const call of ["commandEmergency", "commandPanic"]) sent.push([call, "ssIasAce", call, {}]);
for (const armmode of [0, 1, 2, 3]) sent.push([`arm ${armmode}`, "ssIasAce", "commandArm", {armmode, code: "1", zoneid: 0}]);

const answers = new Map(); // payload -> what was sent first, and the models
let transaction = 0;
for (const raw of definitions) {
    const definition = prepareDefinition({...raw});
    const {vendor, model, fromZigbee} = definition;
    const endpoint = {constructor: {name: "Endpoint"}, ID: 1, deviceIeeeAddress: `${vendor} ${model}`, meta: {}};
    Object.assign(endpoint, {getDevice: () => device, commandResponse: async () => {}, defaultResponse: async () => {}});
    const device = {constructor: {name: "Device"}, ieeeAddr: endpoint.deviceIeeeAddress, endpoints: [endpoint], meta: {}, save: silent};
    device.getEndpoint = () => endpoint;
    for (const [what, cluster, type, data] of sent) {
        for (const converter of fromZigbee ?? []) {
            if (converter.cluster !== cluster || ![converter.type].flat().includes(type)) continue;
            const message = {data, type, cluster, endpoint, device, meta: {zclTransactionSequenceNumber: (transaction += 1)}};
            let payload;
            try {
                payload = converter.convert(definition, message, silent, {}, {device, state: {}, mapped: definition});
            } catch {
                continue; // it needs a real radio
            }
            if (!payload || payload instanceof Promise) continue;
            const text = JSON.stringify(payload);
            if (text === "{}") continue;
            if (!answers.has(text)) answers.set(text, {what, models: new Set()});
            answers.get(text).models.add(JSON.stringify([vendor, model]));
        }
    }
}
for (const [text, {what, models}] of answers) {
    console.log(`{"sent":"${what}","payload":${text},"models":[${[...models].join(",")}]}`);
}
setTimeout(() => process.exit(0), 500).unref(); // timers of converters that clear an alarm later
