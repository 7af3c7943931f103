package config

// What the sandbox uses where production needs a secret. They are printed on every screen and stand in public source,
// so production refuses each of them. The first three are those of the sandbox's own stand-ins.
const (
	SandboxAppID           = "wx5a4db0c0ffee2026"
	SandboxAppSecret       = "5a4db0c05a4db0c05a4db0c05a4db0c0" //nolint:gosec // public on purpose, see above
	SandboxServicePassword = "snow-service-1"
	SandboxAdminToken      = "sandbox-admin-token-not-for-production"
	SandboxServiceKey      = "sandbox-service-key-not-for-production"
	SandboxSealKey         = "sandbox:c25vd2dhdGUtc2FuZGJveC1zZWFsaW5nLWtleS0wMDE="
)
