// Package sandbox holds faithful stand-ins for everything outside the gateway:
// the Snowbeasts ERP, a PSI, the WeChat server API and Redis. The gateway runs on them
// when it is started without configuration, and tests of other packages break
// them on purpose. Nothing here contacts another machine, keeps anything on
// disk, or is fit for production: passwords are known and data is invented.
//
//	world, err := sandbox.Start()         // all of them on free ports of 127.0.0.1
//	defer world.Close()
//	world.ERP.SetFaults(sandbox.Fault{Kind: "slow", Delay: 3 * time.Second})
//	srv := httptest.NewServer(sandbox.NewERP(sandbox.ERPOptions{}))   // or one alone
//
// # Faults
//
// A [Fault] makes requests go wrong for real: the connection is reset, held, cut
// or dripped on, not mocked. They can be set from Go or from outside through the
// control API, which lives beside the stand-in's own paths and never fails itself:
//
//	GET    /__sandbox/faults    the faults in force, with what is left of "times"
//	POST   /__sandbox/faults    one fault or a list; added to those in force
//	DELETE /__sandbox/faults    all is well again
//
//	curl -d '{"kind":"slow","match":"100001","delay":"3s","times":5}' $ERP/__sandbox/faults
//
// "match" is a substring of "METHOD path op formId", for example
// "POST /business/getBusinessPageList getBusinessPageList 100185" or
// "GET /sns/jscode2session jscode2session". What each kind does stands at [Fault].
// The PSI's operations are login, product, warehouses, inventory, record and lookup.
//
// # More control, by stand-in
//
//	ERP    POST   /__sandbox/expire  {"form":"html"}   end all sessions, see [ERP.ExpireSessions]
//	ERP    GET    /__sandbox/calls                     recorded requests, oldest first
//	ERP    DELETE /__sandbox/calls                     forget them
//	PSI    GET    /__sandbox/calls                     recorded requests; DELETE forgets them
//	PSI    GET    /__sandbox/records                   what was written down
//	WeChat GET    /__sandbox/calls                     recorded requests, oldest first
//	WeChat POST   /__sandbox/push-to {"url":"http://127.0.0.1:8080/api/wechat/callback","token":"…","aesKey":""}
//	WeChat POST   /__sandbox/popup   {"openid":"o…","templateId":"…","accept":true}
//	WeChat POST   /__sandbox/change  {"openid":"o…","templateId":"…","accept":false}
//	WeChat GET    /__sandbox/pushes                    pushed events
//	WeChat POST   /__sandbox/fail    {"api":"jscode2session","errcode":40029,"times":1}
//	WeChat GET    /__sandbox/sent                      accepted subscribe messages
//
// # What is known and what is chosen
//
// Of the ERP's forms of goods, stock, warehouses, stock records and purchases neither
// ids nor columns are known: those here ([ProductsForm] and the others) are made up, as
// are the ways in which a row is created. The first twelve articles of the PSI are the
// ERP's, by id, code and bar code, so that the two can be used side by side.
//
// The ERP's wire format is only partly known. Where two answers are possible the
// stand-in can give both (expired sessions, wrong passwords, where the app's
// cookie is set), and its data is deliberately untidy: numbers come as numbers,
// as strings and as null, ids as numbers and strings, some ids do not fit a
// float64, some rates are percentages, some optional fields are missing.
package sandbox
