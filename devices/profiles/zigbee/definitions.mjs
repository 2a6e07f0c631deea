// Prints what each device can say, one JSON object a line: node definitions.mjs FOLDER_WITH_NODE_MODULES
//
// The facts are those of the package zigbee-herdsman-converters (MIT), asked through its own functions;
// nothing is judged here. `says` maps a property to its values: [on, off] of a binary, all of an enum, null of
// anything else. `gives` are settings by which something may be made to flash. `settable` are those that can be written: settings, unless somebody says otherwise.

import {createRequire} from "node:module";
import {resolve} from "node:path";

const require = createRequire(resolve(process.argv[2], "package.json"));
const {prepareDefinition} = require("zigbee-herdsman-converters");
const definitions = require("zigbee-herdsman-converters/devices/index").default;
const {version} = require("zigbee-herdsman-converters/package.json");

const SETTABLE = 2; // access, bit 1
const FLASHES = ["warning", "alarm", "duration", "alarm_time"];
const ANYBODY = {isDummyDevice: true}; // what the package's own tests hand to exposes that ask the device

function* properties(expose) {
    if (!expose.property && expose.features) {
        for (const feature of expose.features) yield* properties(feature); // a light, a lock: only a bracket
    } else if (expose.property) {
        yield expose;
    }
}

function values(expose) {
    if (expose.type === "binary") return [expose.value_on, expose.value_off];
    return expose.type === "enum" ? expose.values : null;
}

console.log(JSON.stringify({version, definitions: definitions.length})); // whoever reads counts them
for (const raw of definitions) {
    const {vendor, model, whiteLabel, exposes: exposed} = prepareDefinition({...raw});
    let exposes;
    try {
        exposes = typeof exposed === "function" ? exposed(ANYBODY, {}) : exposed;
    } catch (error) {
        console.error(`${vendor} ${model}: ${error}`);
        continue;
    }
    const says = {};
    const settable = new Set();
    const gives = {};
    for (const expose of exposes) {
        if (!FLASHES.includes(expose.property) || !(expose.access & SETTABLE || expose.type === "composite")) continue;
        const features = expose.features?.map((each) => each.name) ?? null;
        gives[expose.property] = {features, values: values(expose), unit: expose.unit ?? null};
    }
    for (const expose of exposes.flatMap((each) => [...properties(each)])) {
        says[expose.property] = values(expose);
        if (expose.access & SETTABLE || expose.type === "composite") settable.add(expose.property);
    }
    const also = (whiteLabel ?? []).map((label) => [label.vendor ?? vendor, label.model]);
    console.log(JSON.stringify({vendor, model, also, says, settable: [...settable], gives}));
}
