package gateway

import "net/http"

// problem is one entry of the error catalogue: what a client can be told.
type problem struct {
	Code             int    // HTTP status that fits, and the envelope's code
	Name             string // stable name for programs
	Chinese, English string // for the person
	HintZH, HintEN   string // the next step
}

// catalogue lists every problem in the order of definition.
var catalogue []*problem

// define makes a problem and enters it into the catalogue, so that none can be in use without being in it.
func define(code int, name, chinese, english, hintZH, hintEN string) *problem {
	p := &problem{code, name, chinese, english, hintZH, hintEN}
	catalogue = append(catalogue, p)
	return p
}

// The problems. 401 has one meaning: this session is gone, log in again. Clients throw their token away on it, so an
// outage must never say it.
var (
	badJSON = define(http.StatusBadRequest, "bad_json",
		"请求内容不是有效的 JSON", "The request body is not a valid JSON object",
		"请检查请求格式：UTF-8 编码的单个 JSON 对象", "Send one JSON object in UTF-8, without duplicate keys or trailing data")
	badField = define(http.StatusBadRequest, "bad_field",
		"参数不正确", "A parameter is missing or not valid",
		"请检查 field 所指的参数", "Check the parameter named in field")
	badID = define(http.StatusBadRequest, "bad_id",
		"编号格式不正确", "The id is not valid",
		"编号由字母、数字和 . _ - 组成，最长 64 个字符", "An id has at most 64 letters, digits and . _ -")
	badPage = define(http.StatusBadRequest, "bad_page",
		"页码不正确", "The page or page size is not valid",
		"page 为 1–10000，pageSize 为 1–100", "page is 1–10000, pageSize is 1–100")
	wxCodeInvalid = define(http.StatusBadRequest, "wx_code_invalid",
		"微信登录凭证无效或已使用", "The WeChat login code is not valid or was used before",
		"请重新调用 wx.login 获取新的 code", "Call wx.login again for a new code")

	sessionExpired = define(http.StatusUnauthorized, "session_expired",
		"登录已过期，请重新登录", "Your session is gone, please log in again",
		"请重新调用 wx.login 后登录", "Call wx.login and log in again")

	openidMismatch = define(http.StatusForbidden, "openid_mismatch",
		"openid 与当前登录用户不一致", "The openid is not that of the session",
		"openid 参数可以省略；如需传入，必须是当前登录用户的", "Leave openid out, or send the session's own")
	erpNotBound = define(http.StatusForbidden, "erp_not_bound",
		"尚未绑定 ERP 账号", "No ERP account is bound",
		"请先绑定 ERP 账号或输入邀请码", "Bind an ERP account or an invite code first")
	forbidden = define(http.StatusForbidden, "forbidden",
		"没有权限进行此操作", "You may not do this",
		"如需权限，请联系管理员", "Ask your administrator for access")
	wxUserBlocked = define(http.StatusForbidden, "wx_user_blocked",
		"微信拒绝了此用户的登录", "WeChat refuses to log this user in",
		"请联系微信客服", "Contact WeChat support")

	notFound = define(http.StatusNotFound, "not_found",
		"没有找到", "Not found",
		"请检查编号或地址", "Check the id or the address")
	methodNotAllowed = define(http.StatusMethodNotAllowed, "method_not_allowed",
		"请求方法不支持", "This method is not allowed here",
		"可用的方法见 Allow 响应头", "The Allow header lists the methods")
	tooLarge = define(http.StatusRequestEntityTooLarge, "too_large",
		"请求内容过大", "The request body is too large",
		"请求体最大 256 KiB", "A body has at most 256 KiB")
	unsupportedMedia = define(http.StatusUnsupportedMediaType, "unsupported_media",
		"请求内容类型不支持", "This content type is not supported",
		"请使用 Content-Type: application/json，且不要压缩", "Send Content-Type: application/json, not compressed")

	inProgress = define(http.StatusConflict, "in_progress",
		"相同的请求正在处理中", "The same request is still being worked on",
		"请在 retryAfter 秒后用同一个 Idempotency-Key 重试", "Try again with the same Idempotency-Key after retryAfter seconds")
	conflict = define(http.StatusConflict, "conflict",
		"当前状态不允许此操作", "The record's state does not allow this",
		"请刷新后再试", "Reload, then try again")
	erpBadCredentials = define(http.StatusUnprocessableEntity, "erp_bad_credentials",
		"ERP 用户名或密码错误", "The ERP user name or password is wrong",
		"请检查后重试；多次错误会被暂时限制", "Check them; after several wrong tries you have to wait")
	inviteCodeInvalid = define(http.StatusUnprocessableEntity, "invite_code_invalid",
		"邀请码无效", "The invite code is not valid",
		"请向您的业务联系人确认邀请码", "Ask your contact for the right code")

	keyReused = define(http.StatusUnprocessableEntity, "key_reused",
		"此 Idempotency-Key 已用于另一个请求", "This Idempotency-Key was used for another request",
		"新的请求请使用新的 Idempotency-Key", "Use a new Idempotency-Key for a new request")
	noConsent = define(http.StatusUnprocessableEntity, "no_consent",
		"用户没有订阅此消息", "The user has not subscribed to this message",
		"请先调用 wx.requestSubscribeMessage，并上报结果", "Call wx.requestSubscribeMessage first and report its result")
	templateDataInvalid = define(http.StatusUnprocessableEntity, "template_data_invalid",
		"消息内容不符合模板要求", "The message's data does not fit its template",
		"请检查 field 所指的关键词", "Check the keyword named in field")

	rateLimited = define(http.StatusTooManyRequests, "rate_limited",
		"请求过于频繁，请稍后再试", "Too many requests, please slow down",
		"请在 retryAfter 秒后重试", "Try again after retryAfter seconds")
	tooManyAttempts = define(http.StatusTooManyRequests, "too_many_attempts",
		"尝试次数过多，请稍后再试", "Too many attempts, please wait",
		"请在 retryAfter 秒后重试", "Try again after retryAfter seconds")

	internal = define(http.StatusInternalServerError, "internal",
		"系统出错了，我们会尽快处理", "Something went wrong on our side",
		"如反复出现，请把 requestId 告诉管理员", "If it happens again, tell your administrator the requestId")
	notSupported = define(http.StatusNotImplemented, "not_supported",
		"当前 ERP 不支持此功能", "This ERP cannot do that",
		"请联系管理员确认 ERP 的配置", "Ask your administrator about the ERP's set-up")

	erpBadAnswer = define(http.StatusBadGateway, "erp_bad_answer",
		"ERP 返回的数据异常", "The ERP's answer could not be understood",
		"请稍后再试；如反复出现，请联系管理员", "Try again; if it happens again, tell your administrator")
	wxBadAnswer = define(http.StatusBadGateway, "wx_bad_answer",
		"微信返回的数据异常", "WeChat's answer could not be understood",
		"请稍后再试", "Try again")
	storeUnavailable = define(http.StatusServiceUnavailable, "store_unavailable",
		"服务暂时不可用，请稍后再试", "The service is not available for a moment",
		"您的登录仍然有效，请稍后重试", "You are still logged in: try again shortly")
	auditUnavailable = define(http.StatusServiceUnavailable, "audit_unavailable",
		"服务暂时不可用，请稍后再试", "The log cannot be reached at the moment",
		"没有进行任何操作，请稍后重试", "Nothing was done: try again shortly")
	erpUnavailable = define(http.StatusServiceUnavailable, "erp_unavailable",
		"ERP 暂时无法访问，请稍后再试", "The ERP cannot be reached at the moment",
		"请在 retryAfter 秒后重试", "Try again after retryAfter seconds")
	erpBusy = define(http.StatusServiceUnavailable, "erp_busy",
		"当前查询人数较多，请稍后再试", "The ERP is busy at the moment",
		"请在 retryAfter 秒后重试", "Try again after retryAfter seconds")
	wxUnavailable = define(http.StatusServiceUnavailable, "wx_unavailable",
		"微信服务暂时无法访问，请稍后再试", "WeChat cannot be reached at the moment",
		"请在 retryAfter 秒后重新登录", "Log in again after retryAfter seconds")
	erpTimeout = define(http.StatusGatewayTimeout, "erp_timeout",
		"ERP 响应超时，请稍后再试", "The ERP did not answer in time",
		"请稍后重试", "Try again shortly")
	wxTimeout = define(http.StatusGatewayTimeout, "wx_timeout",
		"微信响应超时，请重新登录", "WeChat did not answer in time",
		"请重新调用 wx.login 后登录", "Call wx.login and log in again")
	outcomeUnknown = define(http.StatusGatewayTimeout, "outcome_unknown",
		"操作结果未知", "The outcome is not known",
		"请先查询结果，不要直接重复提交", "Look the result up before you repeat this")
)
