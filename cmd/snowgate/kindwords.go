package main

import (
	"snowgate/erpclient"
	"snowgate/health"
)

// kindWords say in a verdict what went wrong at the ERP, or at WeChat. The console has the same kinds in its own words.
var kindWords = map[string]health.Words{
	string(erpclient.KindBadCredentials):  {ZH: "账号或密码被拒绝", EN: "user name or password refused"},
	string(erpclient.KindTooManyAttempts): {ZH: "登录尝试过多，暂被拒绝", EN: "too many logins, refused for a while"},
	string(erpclient.KindSessionExpired):  {ZH: "ERP 会话已失效", EN: "its session has ended"},
	string(erpclient.KindForbidden):       {ZH: "没有权限", EN: "not allowed"},
	string(erpclient.KindNotFound):        {ZH: "没有找到", EN: "not found"},
	string(erpclient.KindInvalid):         {ZH: "请求被拒绝", EN: "the question itself is refused"},
	string(erpclient.KindConflict):        {ZH: "与记录的当前状态冲突", EN: "in conflict with the record's state"},
	string(erpclient.KindBusy):            {ZH: "繁忙，调用过多", EN: "busy, too many calls"},
	string(erpclient.KindUnavailable):     {ZH: "无法连接或服务出错", EN: "out of reach or failing"},
	string(erpclient.KindTimeout):         {ZH: "没有及时回答", EN: "no answer in time"},
	string(erpclient.KindBadAnswer):       {ZH: "回答无法识别", EN: "an answer that cannot be understood"},
	string(erpclient.KindOutcomeUnknown):  {ZH: "写入结果未知", EN: "the outcome of a write is unknown"},
	string(erpclient.KindNotSupported):    {ZH: "ERP 不支持", EN: "the ERP cannot do it"},
	string(erpclient.KindStore):           {ZH: "会话存储不可用，未询问 ERP", EN: "the session store was away, the ERP was not asked"},
	kindMisconfigured:                     {ZH: "微信拒绝了本机的配置（AppID、密钥或 IP 白名单）", EN: "WeChat refuses our configuration: AppID, secret or list of addresses"},
}
