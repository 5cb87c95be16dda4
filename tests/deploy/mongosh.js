// Runs deploy/compose/replica-set.js against a stand-in of a server: node mongosh.js SCRIPT STATE, where STATE is JSON with
// `users` (by database), `isInitiated` and `leader`.  Prints what became of it, and what was done, as JSON.
"use strict";
const vm = require("node:vm");
const fs = require("node:fs");

const state = { users: {}, isInitiated: false, leader: null, wins: "mongodb-1", ...JSON.parse(process.argv[3]) };
const done = [];
let loggedIn = false;
let waited = 0;
let code = null;

class Quit extends Error {}

function failed(codeName) {
  return Object.assign(new Error(codeName), { codeName });
}

// Without users callers from the server's own address may look, initiate, and make the first user; nothing else.
function needs(isBootstrap) {
  const hasUsers = Object.values(state.users).some((users) => Object.keys(users).length > 0);
  if (!loggedIn && (hasUsers || !isBootstrap)) throw failed("Unauthorized");
}

function database(name) {
  return {
    auth(user, password) {
      if ((state.users[name] ?? {})[user] !== password) throw failed("AuthenticationFailed");
      loggedIn = true;
      return { ok: 1 };
    },
    getUser(user) {
      needs(false);
      return (state.users[name] ?? {})[user] === undefined ? null : { user };
    },
    createUser({ user, pwd, roles }) {
      needs(name === "admin");
      if (state.leader !== "mongodb-1") throw failed("NotWritablePrimary");
      state.users[name] = { ...state.users[name], [user]: pwd };
      done.push({ createUser: `${name}.${user}`, roles });
    },
  };
}

const context = {
  process: { env: { MONGODB_ROOT_PASSWORD: "root-secret", MONGODB_PASSWORD: "own-secret" } },
  print: () => undefined,
  quit(given) {
    code = given;
    throw new Quit();
  },
  sleep() {
    waited += 1;
    if (waited === 3 && state.isInitiated && state.wins !== null) state.leader = state.wins;
  },
  db: {
    getSiblingDB: database,
    hello: () => ({ isWritablePrimary: state.leader === "mongodb-1" }),
  },
  rs: {
    status() {
      needs(true);
      if (!state.isInitiated) throw failed("NotYetInitialized");
    },
    initiate(settings) {
      needs(true);
      state.isInitiated = true;
      done.push({ initiate: settings });
    },
  },
};

try {
  vm.runInNewContext(fs.readFileSync(process.argv[2], "utf8"), context);
  code = 0;
} catch (error) {
  if (!(error instanceof Quit)) code = error.codeName ?? error.message;
}
process.stdout.write(JSON.stringify({ code, done, users: state.users }));
