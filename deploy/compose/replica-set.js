// Makes the replica set and its users, once; run again it changes nothing.  It runs in the network namespace of the first
// member: a server without users lets only callers from its own address in (the "localhost exception"), and only for this.
const root = process.env.MONGODB_ROOT_PASSWORD;
const members = ["mongodb-1", "mongodb-2", "mongodb-3"];

// Also after a run that ended half-way: whatever is missing is made.
const isIn = () => { try { return db.getSiblingDB("admin").auth("root", root).ok === 1; } catch { return false; } };

const hasRoot = isIn();
try {
  rs.status();
} catch (error) {
  if (error.codeName !== "NotYetInitialized") throw error;
  // The first member leads whenever it can, so that this script, which talks to it alone, may write.
  const listed = members.map((name, place) => ({ _id: place, host: `${name}:27017`, priority: place === 0 ? 2 : 1 }));
  rs.initiate({ _id: "frontdesk", members: listed });
}
for (let waited = 0; !db.hello().isWritablePrimary; waited += 1) {
  if (waited === 120) {
    print("mongodb-1 does not lead after two minutes: look at `docker compose logs mongodb-1`");
    quit(1);
  }
  sleep(1000);
}
if (!hasRoot) {
  db.getSiblingDB("admin").createUser({ user: "root", pwd: root, roles: ["root"] });
  if (!isIn()) throw new Error("the new administrator is not let in");
}
const frontdesk = db.getSiblingDB("frontdesk");
if (!frontdesk.getUser("frontdesk")) {
  // Its own database and nothing else.
  frontdesk.createUser({ user: "frontdesk", pwd: process.env.MONGODB_PASSWORD, roles: [{ role: "readWrite", db: "frontdesk" }] });
}
print("the replica set stands");
