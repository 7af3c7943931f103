"""Fills a fresh Tryton database with a small company. Run once, in process, by trytontest: seed.py DATABASE CONFIG.

Dates count from the day of seeding. Tests look records up by code or reference, never by id.
"""
import datetime
import json
import sys
from decimal import Decimal

from dateutil.relativedelta import relativedelta
from proteus import Model, Wizard, config

TODAY = datetime.date.today()
settings = config.set_trytond('sqlite:///' + sys.argv[1], user='admin', config_file=sys.argv[2])
get = Model.get


def add(model, /, **values):
    record = get(model)(**values)
    record.save()
    return record


def first(model, *domain):
    return get(model).find(list(domain), limit=1)[0]


def days(n):
    return TODAY + datetime.timedelta(days=n)


def adopt_preferences():
    settings._context = dict(get('res.user').get_preferences(True, {}))


# Companies and their books: without accounts and a fiscal year no order can be confirmed.

def company(name, currency):
    party = add('party.party', name=name)
    wizard = Wizard('company.company.config')
    wizard.execute('company')
    wizard.form.party, wizard.form.currency = party, currency
    wizard.execute('add')
    found = first('company.company', ('party', '=', party.id))
    enter(found)
    return found


def enter(company):
    """From here on the administrator works in this company."""
    me = first('res.user', ('login', '=', 'admin'))
    if company.id not in [c.id for c in me.companies]:
        me.companies.append(get('company.company')(company.id))
    me.company = get('company.company')(company.id)
    me.save()
    adopt_preferences()


def books(company):
    template = first('ir.model.data', ('module', '=', 'account'), ('fs_id', '=', 'account_template_root_en'))
    wizard = Wizard('account.create_chart')
    wizard.execute('account')
    wizard.form.account_template = get('account.account.template')(template.db_id)
    wizard.form.company = company
    wizard.execute('create_account')
    accounts = {kind: first('account.account', ('type.' + kind, '=', True), ('company', '=', company.id))
                for kind in ('receivable', 'payable', 'revenue', 'expense')}
    wizard.form.account_receivable, wizard.form.account_payable = accounts['receivable'], accounts['payable']
    wizard.execute('create_properties')
    fiscal_year(company)
    return accounts


def fiscal_year(company):
    def sequence(model, type_name):
        kind = first('ir.sequence.type', ('name', '=', type_name))
        return add(model, name=type_name, company=company, sequence_type=kind)

    year = get('account.fiscalyear')(
        name=str(TODAY.year), company=company, post_move_sequence=sequence('ir.sequence', 'Account Move'),
        start_date=TODAY + relativedelta(month=1, day=1), end_date=TODAY + relativedelta(month=12, day=31))
    invoices = sequence('ir.sequence.strict', 'Invoice')
    if not len(year.invoice_sequences):
        year.invoice_sequences.new()
    for s in year.invoice_sequences:
        s.in_invoice_sequence = s.in_credit_note_sequence = invoices
        s.out_invoice_sequence = s.out_credit_note_sequence = invoices
    year.save()
    year.click('create_period')


# Goods.

def product(code, name, unit, price, *codes, kind='goods', sold=False, bought=False, made=False, category):
    template = get('product.template')(
        name=name, code=code, default_uom=unit, type=kind, list_price=Decimal(price), account_category=category)
    template.salable, template.purchasable = sold, bought
    if kind == 'goods':
        template.producible = made
    if sold and made:
        template.supply_on_sale = True
    variant, = template.products
    for number, c in enumerate(codes):
        variant.identifiers.new(code=c, type='ean' if number == 0 else None)
    template.save()
    return first('product.product', ('code', '=', code))


def bill(output, *inputs):
    found = get('production.bom')(name=output.code)
    for item, quantity in inputs:
        found.inputs.new(product=item, quantity=quantity)
    found.outputs.new(product=output, quantity=1)
    found.save()
    output.boms.new(bom=found)
    output.save()


def warehouse(name, code, lost_found):
    places = {role: add('stock.location', name=code + ' ' + role, code=code + '-' + role, type='storage')
              for role in ('storage', 'input', 'output')}
    return add('stock.location', name=name, code=code, type='warehouse', storage_location=places['storage'],
               input_location=places['input'], output_location=places['output'], lost_found_location=lost_found,
               production_location=add('stock.location', name=code + ' production', type='production'))


def count(location, *found):
    inventory = get('stock.inventory')(location=location, date=days(-60))
    inventory.save()
    for item, quantity in found:
        inventory.lines.new(product=item, quantity=quantity)
    inventory.save()
    inventory.click('confirm')


# Orders. What leads to a state is a list of buttons.

SALE_STEPS = {'draft': [], 'quotation': ['quote'], 'cancelled': ['cancel']}
SHIPMENT_STEPS = {'packed': ['assign_try', 'pick', 'pack'], 'done': ['assign_try', 'pick', 'pack', 'done']}
PRODUCTION_STEPS = {'running': ['draft', 'wait', 'assign_try', 'run'], 'done': ['draft', 'wait', 'assign_try', 'run', 'done']}


def press(record, buttons):
    for button in buttons:
        record.click(button)
    record.reload()
    return record


def sale(party, reference, age, to, *lines, warehouse):
    order = get('sale.sale')(party=party, reference=reference, sale_date=days(-age))
    order.warehouse, order.invoice_method = warehouse, 'manual'
    for item, quantity in lines:
        line = order.lines.new()
        line.product, line.quantity = item, quantity
    order.save()
    press(order, SALE_STEPS.get(to, ['quote', 'confirm']))
    for shipment in order.shipments if to in SHIPMENT_STEPS else []:
        press(shipment, SHIPMENT_STEPS[to])
    order.reload()
    return order


def produce(order, item, to):
    line, = [line for line in order.lines if line.product == item]
    found, = get('production').find([('origin', '=', 'sale.line,%d' % line.id)])
    found.planned_start_date, found.planned_date = days(-6), days(4)
    found.save()
    press(found, PRODUCTION_STEPS[to])


def purchase(party, reference, to, item, quantity, warehouse):
    order = get('purchase.purchase')(party=party, reference=reference, invoice_method='manual')
    order.warehouse = warehouse
    line = order.lines.new()
    line.product, line.quantity, line.unit_price = item, quantity, Decimal('2.5')
    order.save()
    press(order, {'draft': [], 'quotation': ['quote'], 'cancelled': ['cancel']}.get(to, ['quote', 'confirm']))


# People. A customer's user has an employee record that carries the customer's party, and rules that narrow to it.

def portal():
    group = add('res.group', name='Customer portal')
    for model in ('sale.sale', 'stock.shipment.out', 'stock.move'):
        add('ir.model.access', model=first('ir.model', ('model', '=', model)), group=group, perm_read=True,
            perm_write=False, perm_create=False, perm_delete=False)
    rule(group, 'sale.sale', own('party'))
    rule(group, 'stock.shipment.out', own('customer'))
    rule(group, 'production', own('origin.sale.party', 'sale.line'))
    rule(group, 'stock.move', own('origin.sale.party', 'sale.line'), own('production_input.origin.sale.party', 'sale.line'),
         own('production_output.origin.sale.party', 'sale.line'))
    return group


def own(path, *target):
    """The PYSON of: path is the party of the user's employee."""
    user = {'__class__': 'Eval', 'v': 'user', 'd': {}}
    employee = {'__class__': 'Get', 'v': user, 'k': '_parent_employee', 'd': {}}
    party = {'__class__': 'Get', 'v': employee, 'k': 'party', 'd': -1}
    return json.dumps([[path, '=', party] + list(target)])


def rule(group, model, *domains):
    found = get('ir.rule.group')(
        name='Own records only', model=first('ir.model', ('model', '=', model)), global_p=False)
    found.groups.append(get('res.group')(group.id))
    for domain in domains:
        found.rules.new(domain=domain)
    found.save()


def user(login, password, company, *groups, party=None, active=True):
    found = get('res.user')(login=login, name=login.replace('_', ' ').title(), password=password)
    found.companies.append(get('company.company')(company.id))
    found.company = get('company.company')(company.id)
    if party:
        employee = add('company.employee', party=party, company=company)
        found.employees.append(employee)
        found.employee = get('company.employee')(employee.id)
    for name in groups:
        found.groups.append(get('res.group')(first('res.group', ('name', '=', name)).id))
    found.active = active
    found.save()


def main():
    yuan = (get('currency.currency').find([('code', '=', 'CNY')]) or
            [add('currency.currency', name='Renminbi', code='CNY', symbol='¥')])[0]
    if not yuan.rates:
        yuan.rates.new(date=TODAY.replace(month=1, day=1), rate=Decimal(1))
        yuan.save()
    works = company('雪兽制造 Snow Works', yuan)
    accounts = books(works)
    term = get('account.invoice.payment_term')(name='30 days')
    term.lines.new(type='remainder').relativedeltas.new(days=30)
    term.save()
    category = get('product.category')(name='Goods', accounting=True)
    category.account_revenue, category.account_expense = accounts['revenue'], accounts['expense']
    category.save()

    unit, kilogram = first('product.uom', ('name', '=', 'Unit')), first('product.uom', ('name', '=', 'Kilogram'))
    down = product('RM-DOWN', '白鹅绒 Goose down', kilogram, '680', '6901234000016', bought=True, category=category)
    zipper = product('RM-ZIP', '拉链 Zipper', unit, '6', '6901234000030', bought=True, category=category)
    jacket = product('FG-JACKET', '滑雪夹克 Snow jacket', unit, '899', '6901234000061', sold=True, made=True, category=category)
    hat = product('FG-HAT', '羊毛帽 Wool hat', unit, '89.9', '6901234000085', 'HAT-01', 'DUP-01', sold=True, category=category)
    glove = product('FG-GLOVE', "手套 Glove 'Pro' 100%_x", unit, '129.55', '6901234000092', 'DUP-01', sold=True, category=category)
    express = product('SV-EXPRESS', '加急费 Express fee', unit, '50', kind='service', sold=True, category=category)
    bill(jacket, (down, 0.35), (zipper, 2))

    home = first('stock.location', ('type', '=', 'warehouse'))
    home.name, home.code = '一号仓 Main warehouse', 'WH'
    home.save()
    shelf = add('stock.location', name='A-01', code='A01', type='storage', parent=home.storage_location)
    away = warehouse('二号仓 South warehouse', 'WH2', first('stock.location', ('type', '=', 'lost_found')))
    count(home.storage_location, (down, 100.5), (zipper, 2000.0), (jacket, 120.0), (hat, 400.0))
    count(shelf, (hat, 40.0), (glove, 12.0))
    count(away.storage_location, (hat, 15.0))

    north = add('party.party', name='北峰户外 North Peak', code='C-NORTH')
    south = add('party.party', name='南湾商店 South Bay', code='C-SOUTH')
    mill = add('party.party', name='织造厂 Mill', code='V-MILL')
    for party, invitation in ((north, 'Inv-North-7Q2M'), (south, 'Inv-South-9K4T'), (mill, None)):
        address, = party.addresses
        address.street, address.city = '1 Test Road', 'Harbin'
        party.customer_payment_term = party.supplier_payment_term = term
        if invitation:
            party.identifiers.new(code=invitation)
        party.save()

    for party, tag in ((north, 'NP'), (south, 'SB')):
        for age, to in enumerate(('draft', 'quotation', 'processing', 'packed', 'done', 'cancelled', 'done'), 20):
            sale(party, '%s-%s-%d' % (tag, to.upper(), age), age, to, (hat, 2), (express, 1), warehouse=home)
    produce(sale(north, 'NP-JKT-1', 12, 'processing', (jacket, 10), (hat, 5), warehouse=home), jacket, 'running')
    produce(sale(north, 'NP-JKT-2', 11, 'processing', (jacket, 4), warehouse=home), jacket, 'done')
    sale(south, 'SB-JKT-1', 10, 'processing', (jacket, 6), warehouse=home)
    sale(north, 'NP-GLOVE', 9, 'quotation', (glove, 1), warehouse=home)

    for number in range(1, 7):
        purchase(mill, 'PO-Q%d' % number, 'quotation', zipper, 100 * number, home)
    for to in ('draft', 'processing', 'cancelled'):
        purchase(mill, 'PO-' + to.upper(), to, zipper, 50, home)

    other = company('另一公司 Other Co', yuan)
    books(other)
    foreign = get('sale.sale')(party=add('party.party', name='外部客户 Outsider', code='C-OUT'), reference='OUT-1', sale_date=TODAY)
    line = foreign.lines.new()
    line.description, line.quantity, line.unit_price = 'Consulting', 1.0, Decimal('10')
    foreign.save()
    enter(works)

    portal()
    user('merchant_north', 'north-Pass1!', works, 'Customer portal', party=north)
    user('merchant_south', 'south-Pass2!', works, 'Customer portal', party=south)
    user('sales_zhang', 'zhang-Pass3!', works, 'Sales', party=add('party.party', name='张 Zhang'))
    user('stock_li', 'stock-lI-Pa4!', works, 'Stock', 'Production')
    user('buyer_wang', 'buyer-waNg5!', works, 'Purchase')
    user('nobody_wu', 'nobdy-Wu6*x!', works)
    user('retired_qi', 'retird-Qx7*!', works, 'Sales', active=False)
    user('other_zhao', 'zhao-0ther8!', other, 'Sales')
    user('boss_lin', 'boss-liN-Pa9!', works, 'Sales', 'Stock', 'Production', 'Purchase')


main()
