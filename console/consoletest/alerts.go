package consoletest

import (
	"net/http"
	"time"
)

func (s *Server) activeAlerts() []obj {
	active := []obj{{
		"key": "part.sql", "severity": "warning", "titleZh": "数据库降级", "titleEn": "Database degraded", "text": "", "textZh": "12 次写入中有 4 次失败" + s.hostile, "textEn": "4 of 12 writes failed" + s.hostile, "silenced": false, "since": stamp(9 * time.Minute),
	}}
	if !s.down.IsZero() {
		active = append([]obj{{
			"key": "part.erp", "severity": "critical", "titleZh": "ERP 主通道故障", "titleEn": "ERP primary is down", "text": "connection refused", "textZh": "拒绝连接", "textEn": "connection refused", "silenced": false, "since": s.down.Format(time.RFC3339),
		}}, active...)
	}
	return active
}

func (s *Server) alerts(*http.Request) any {
	return obj{
		"active": s.activeAlerts(),
		"history": []obj{
			{"at": stamp(9 * time.Minute), "key": "part.sql", "what": "raised", "titleZh": "数据库降级", "titleEn": "Database degraded", "durationSeconds": 0, "delivered": []string{"wecom-ops", "feishu-ops"}},
			{"at": stamp(3 * time.Hour), "key": "part.erp", "what": "cleared", "titleZh": "ERP 已恢复", "titleEn": "ERP is back", "durationSeconds": 240, "delivered": []string{"wecom-ops"}},
			{"at": stamp(3*time.Hour + 4*time.Minute), "key": "part.erp", "what": "raised", "titleZh": "ERP 故障", "titleEn": "ERP is down", "durationSeconds": 0, "delivered": []string{"wecom-ops"}},
		},
		"webhooks": []obj{
			{"name": "wecom-ops", "kind": "wecom", "lastSuccess": stamp(9 * time.Minute), "lastError": "", "pending": 0},
			{"name": "feishu-ops", "kind": "feishu", "lastSuccess": stamp(26 * time.Hour), "lastError": "19021 sign match fail" + s.hostile, "pending": 2},
		},
	}
}

func (s *Server) testAlerts(*http.Request) any {
	return obj{"results": obj{"wecom-ops": "ok", "feishu-ops": "19021 sign match fail"}}
}

func (s *Server) config(*http.Request) any {
	entry := func(key, value, origin string) obj { return obj{"key": key, "value": value, "origin": origin} }
	return obj{"entries": []obj{
		entry("mode", "production", "snowgate.yaml:1"), entry("server.listen", "127.0.0.1:8080", "default"), entry("server.behind_proxy", "true", "snowgate.yaml:4"),
		entry("redis.url", "redis://127.0.0.1:6379/0", "environment SNOWGATE_REDIS__URL"), entry("sql.dsn", "mysql://snowgate:***@127.0.0.1:3306/snowgate", "environment SNOWGATE_SQL__DSN"),
		entry("erp.driver", "snowbeasts", "snowgate.yaml:9"), entry("erp.origin", "https://saas.snowbeasts.com", "snowgate.yaml:10"), entry("erp.timeout", "2.5s", "default"),
		entry("erp.max_retries", "3", "default"), entry("wechat.app_secret", "***", "environment SNOWGATE_WECHAT__APP_SECRET"), entry("admin.tokens", "***, ***", "environment SNOWGATE_ADMIN__TOKENS"),
		entry("audit.retention", "90d", "default"), entry("alerts.webhooks", "wecom:***, feishu:***", "snowgate.yaml:31"), entry("health.interval", "30s", "default"),
		entry("erp.snowbeasts.forms.orders.id", "100001"+s.hostile, "snowgate.yaml:14"), entry("server.trusted_proxies", "", "default"),
	}}
}
