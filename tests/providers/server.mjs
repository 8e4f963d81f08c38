// A full OpenID provider for padws's tests: oidc-provider, with accounts, rotating refresh
// tokens, back-channel logout, and access tokens that are opaque or JWTs in Keycloak's shape.
//
//   node server.mjs '{"port": 9000, "issuer": "http://127.0.0.1:9000/realms/pad", …}'
//
// `defaults` below are the settings. While it runs, a test looks at it and changes it:
//
//   PUT    /control/settings   changes some of the settings; tokens and sessions stay
//   POST   /control/keys       sign with a new key; {"forget": true} withdraws the old ones
//   GET    /control/requests   how often each endpoint was asked; DELETE starts again

import { createServer } from 'node:http';
import { generateKeyPairSync, randomBytes } from 'node:crypto';

import { SignJWT, importJWK } from 'jose';
import Provider from 'oidc-provider';
import MemoryAdapter from 'oidc-provider/lib/adapters/memory_adapter.js';

const defaults = {
  port: 0,
  issuer: '', // its path is where everything lies
  accessTokens: 'jwt', // or 'opaque'
  accessTokenSeconds: 300,
  refreshTokenSeconds: 1800,
  rotate: true, // a refresh token may be used once; a second use revokes all that came of it
  accounts: {}, // name → {sub, password, roles, claims}
  clients: [], // as in OpenID Connect Dynamic Client Registration
};

const cookieKeys = [randomBytes(32).toString('hex')];
const issued = new Map(); // JWT access token → the opaque one that oidc-provider knows it by
const requests = new Map();

let settings = { ...defaults, ...JSON.parse(process.argv[2]) };
let keys = [newKey()];
let provider = build();

function newKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const kid = randomBytes(8).toString('hex');
  return { ...privateKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' };
}

// What oidc-provider stores is in memory, shared by every Provider of this process.
function build() {
  const built = new Provider(settings.issuer, configuration());
  if (settings.accessTokens === 'jwt') issueJwts(built);
  return built;
}

function configuration() {
  const jwt = settings.accessTokens === 'jwt';
  const profile = ['name', 'given_name', 'family_name', 'preferred_username'];
  return {
    adapter: (name) => (name === 'Client' ? new Clients() : new MemoryAdapter(name)),
    // Keycloak puts roles only into access tokens, and the profile into ID tokens too.
    claims: {
      openid: ['sub', 'typ'],
      profile: jwt ? profile : [...profile, 'realm_access'],
      email: ['email', 'email_verified'],
    },
    conformIdTokenClaims: !jwt,
    cookies: { keys: cookieKeys },
    features: {
      backchannelLogout: { enabled: true },
      devInteractions: { enabled: false },
      introspection: { enabled: true },
      revocation: { enabled: true },
      rpInitiatedLogout: { enabled: true },
    },
    findAccount,
    interactions: { url: (ctx, { uid }) => `${mount()}/interaction/${uid}` },
    issueRefreshToken: (ctx, client) => client.grantTypeAllowed('refresh_token'),
    jwks: { keys },
    loadExistingGrant,
    pkce: { required: () => true },
    rotateRefreshToken: settings.rotate,
    routes: {
      authorization: '/protocol/openid-connect/auth',
      end_session: '/protocol/openid-connect/logout',
      introspection: '/protocol/openid-connect/token/introspect',
      jwks: '/protocol/openid-connect/certs',
      revocation: '/protocol/openid-connect/revoke',
      token: '/protocol/openid-connect/token',
      userinfo: '/protocol/openid-connect/userinfo',
    },
    scopes: ['openid', 'offline_access', 'profile', 'email'],
    ttl: {
      AccessToken: settings.accessTokenSeconds,
      AuthorizationCode: 60,
      Grant: 86_400,
      IdToken: settings.accessTokenSeconds,
      Interaction: 600,
      RefreshToken: settings.refreshTokenSeconds,
      Session: 86_400,
    },
  };
}

class Clients {
  find(id) {
    return Promise.resolve(settings.clients.find((client) => client.client_id === id));
  }
}

function accountOf(sub) {
  return Object.entries(settings.accounts).find(([, account]) => account.sub === sub);
}

function findAccount(ctx, sub) {
  const found = accountOf(sub);
  if (!found) return undefined; // deleted or disabled: its refresh tokens are refused
  const typ = (use) => (settings.accessTokens === 'jwt' && use === 'id_token' ? { typ: 'ID' } : {});
  return { accountId: sub, claims: (use) => ({ sub, ...claimsOf(found), ...typ(use) }) };
}

function claimsOf([name, { roles, claims }]) {
  return {
    preferred_username: name,
    email: `${name}@example.com`,
    email_verified: true,
    realm_access: { roles: roles ?? [] },
    ...claims,
  };
}

// People are not asked whether padws may know who they are.
async function loadExistingGrant({ oidc }) {
  const { clientId } = oidc.client;
  const grant = await provider.Grant.find(oidc.session.grantIdFor(clientId))
    ?? new provider.Grant({ accountId: oidc.session.accountId, clientId });
  grant.addOIDCScope(oidc.params.scope);
  await grant.save();
  return grant;
}

// Hand out a JWT in Keycloak's shape for each access token, and recognise the token by it.
function issueJwts({ AccessToken }) {
  const { save } = AccessToken.prototype;
  AccessToken.prototype.save = async function saveAndSign() {
    const opaque = await save.call(this);
    const jwt = await signed(this);
    issued.set(jwt, opaque);
    return jwt;
  };
  const { find } = AccessToken;
  AccessToken.find = function findByJwt(value, options) {
    return find.call(this, issued.get(value) ?? value, options);
  };
}

async function signed(token) {
  const [key] = keys;
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    exp: now + token.expiration,
    iat: now,
    auth_time: now,
    jti: `onrtac:${token.jti}`,
    iss: settings.issuer,
    aud: 'account',
    sub: token.accountId,
    typ: 'Bearer',
    azp: token.clientId,
    sid: token.sid,
    acr: '1',
    resource_access: { account: { roles: ['manage-account', 'view-profile'] } },
    scope: token.scope,
    ...claimsOf(accountOf(token.accountId)),
  };
  const header = { alg: 'RS256', typ: 'JWT', kid: key.kid };
  return new SignJWT(claims).setProtectedHeader(header).sign(await importJWK(key));
}

// The page on which people sign in

const page = (message) => `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Sign in</title>
<h1>Sign in</h1><p>${message}</p>
<form method="post">
  <label>Name <input name="username" autofocus></label>
  <label>Password <input name="password" type="password"></label>
  <button>Sign in</button>
</form></html>`;

async function interact(req, res) {
  await provider.interactionDetails(req, res); // throws unless this browser has been sent here
  if (req.method !== 'POST') return answer(res, 200, page(''));
  const form = new URLSearchParams(await bodyOf(req));
  const account = settings.accounts[form.get('username')];
  if (!account || account.password !== form.get('password')) {
    return answer(res, 401, page('The name or the password is wrong.'));
  }
  return provider.interactionFinished(req, res, { login: { accountId: account.sub } });
}

// What tests ask and change

async function control(req, res) {
  const body = JSON.parse((await bodyOf(req)) || '{}');
  switch (`${req.method} ${req.url}`) {
    case 'PUT /control/settings':
      settings = { ...settings, ...body };
      provider = build();
      return answer(res, 204);
    case 'POST /control/keys':
      keys = [newKey(), ...(body.forget ? [] : keys)];
      provider = build();
      return answer(res, 204);
    case 'GET /control/requests':
      return answer(res, 200, JSON.stringify(Object.fromEntries(requests)));
    case 'DELETE /control/requests':
      requests.clear();
      return answer(res, 204);
    default:
      return answer(res, 404);
  }
}

const mount = () => new URL(settings.issuer).pathname.replace(/\/$/, '');

async function serve(req, res) {
  if (req.url.startsWith('/control/')) return control(req, res);
  if (!req.url.startsWith(`${mount()}/`)) return answer(res, 404);
  req.originalUrl = req.url;
  req.url = req.url.slice(mount().length);
  const [path] = req.url.split('?');
  requests.set(path, (requests.get(path) ?? 0) + 1);
  return path.startsWith('/interaction/') ? interact(req, res) : provider.callback()(req, res);
}

async function bodyOf(req) {
  const parts = [];
  for await (const part of req) parts.push(part);
  return Buffer.concat(parts).toString();
}

function answer(res, status, body) {
  res.writeHead(status, { 'Content-Type': 'text/html; charset=utf-8' });
  res.end(body);
}

createServer((req, res) => {
  serve(req, res).catch((error) => {
    console.error(error);
    if (!res.headersSent) answer(res, 500, 'see the log');
  });
}).listen(settings.port, '127.0.0.1');
