/* A chat as in Socket.IO's tutorial, with rooms and the Redis adapter.
 *
 * Configured as its page on performance advises: WebSocket only, ws's native add-ons (bufferutil and
 * utf-8-validate, which ws finds by itself), the reference to the first HTTP request discarded.
 * Nothing is saved or checked. */

import { createServer } from "node:http";
import { createAdapter } from "@socket.io/redis-adapter";
import { createClient } from "redis";
import { Server } from "socket.io";

const publisher = createClient({ url: process.env.REDIS_URL });
const subscriber = publisher.duplicate();
await Promise.all([publisher.connect(), subscriber.connect()]);

const http = createServer();
const io = new Server(http, {
  adapter: createAdapter(publisher, subscriber),
  transports: ["websocket"],
  serveClient: false,
});
io.engine.on("connection", (raw) => {
  raw.request = null;
});
io.on("connection", (socket) => {
  const { room } = socket.handshake.auth;
  socket.join(room);
  socket.on("message", (text) => io.to(room).emit("message", text));
  socket.emit("joined", room);
});
http.listen(Number(process.env.PORT), "127.0.0.1", 1024);
