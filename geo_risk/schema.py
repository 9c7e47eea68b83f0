"""Every table that crosses a package border: columns, units, domains, header aliases.

The one place where a column is defined. Import recognises headers by it, the documentation and
the column popups of the map are generated from it. All tables are GeoDataFrames in the region's
metric CRS; a missing value is NaN, None or NaT.

``dtype`` is one of string, float, int (nullable Int64), bool (nullable boolean), date (ISO text,
as precise as given) and json (text).
"""

from __future__ import annotations

from .columns import Column, Table
from .columns import column as _c

__all__ = ["LAYERS", "RESULTS", "Column", "Table"]

# fmt: off
# A table of tables: one column a line, wide as it is.
ID = _c("id", "string", "编号", "id", also="ID|编码|代码|序号|企业编号|管制編號|管制编号|code|fid|gid|osm_id|EPA Facility ID|facility_id|unit_code")
NAME = _c("name", "string", "名称", "name", also="名稱|单位名称|單位名稱|名字|全称|title|label")
ERROR = _c("position_error_m", "float", "位置误差", "position error (68 %)", "m", "位置精度|定位误差|坐标误差|误差半径|accuracy_m")
DISTRICT = _c("district", "string", "所属镇街", "township as written", also="所属乡镇|镇街|乡镇|街道|镇(街道)|乡镇街道|所在镇街|所在乡镇|属地|鄉鎮|鄉鎮市區|town|township")
SOURCE = (
    _c("source_file", "string", "来源文件", "input file"),
    _c("source_row", "int", "来源行", "row in the input file, as a person counts it"),
)
STATE = _c("state", "string", "状态", "state", also="经营状态|企业状态|状况|status", domain="active=在业,存续,开业,正常,在营,生产,营业,在产,运行,使用中,试生产,试运行,已复产,operating,active|closed=注销,已注销,吊销,关闭,已关闭,搬迁,已搬迁,迁出,撤销,废弃,拆除,报废,退役,关停,已关停,倒闭,破产,closed,retired|stopped=停产,停业,停用,歇业,停产停业,停产整顿,暂停营业,闲置,mothballed,idle|planned=拟建,在建,筹建,规划,建设中,未投产,未建,待建,proposed,planned,construction,shelved")
LEVELS = "4=重大,红,红色,red,一级,Ⅰ级,I级|3=较大,橙,橙色,orange,二级,Ⅱ级,II级|2=一般,黄,黄色,yellow,三级,Ⅲ级,III级|1=低,蓝,蓝色,blue,四级,Ⅳ级,IV级"
HAZARD_LEVELS = "1=一级,I,Ⅰ,I级,Ⅰ级,1级|2=二级,II,Ⅱ,II级,Ⅱ级,2级|3=三级,III,Ⅲ,III级,Ⅲ级,3级|4=四级,IV,Ⅳ,IV级,Ⅳ级,4级"

POINT_KINDS = (
    "dust_explosion=粉尘涉爆,粉尘爆炸,涉爆粉尘|metal_smelting=金属冶炼,金属熔炼,熔融金属,冶金|confined_space=有限空间,受限空间"
    "|gas_in_building=室内燃气,餐饮燃气,用气场所,燃气使用|bridge=桥梁,桥|tunnel=隧道,下穿通道|old_building=老旧房屋,危旧房,危旧房屋,老旧建筑,危房,自建房"
    "|utility_tunnel=综合管廊,地下管廊|construction=建筑施工,在建工程,施工工地,建筑工地|black_spot=事故黑点,事故多发路段,事故多发点段,交通黑点"
    "|water_transport=水上交通,水上运输,渡口,通航水域|special_equipment=特种设备,电梯,锅炉,压力容器,起重机械|other=其他,其它"
)
POINT_METHODS = (
    "lec=LEC,LEC法,作业条件危险性评价法,作业条件危险性分析法|ls=LS,LS法,风险矩阵法,风险矩阵,风险矩阵分析法|mes=MES,MES法"
    "|zone=分区法,4x4矩阵|score=评分法,诊断分级|major_hazard=重大危险源分级"
)

CROWDED_KINDS = (
    "kindergarten=幼儿园,幼稚園,托儿所,nursery|primary_school=小学,國小,primary|middle_school=中学,初中,高中,國中,school,secondary"
    "|college=大学,学院,职校,职业学校,大專校院,university|training=培训机构,补习班|hospital=医院,醫院|clinic=卫生院,门诊,诊所,診所,卫生服务中心,卫生室"
    "|elderly_home=养老机构,养老院,敬老院,照护机构,照護機構,長期照顧,护理院,护理之家,護理之家,社会福利,老人,nursing_home,care home"
    "|market=市场,农贸市场,菜市场|mall=商场,超市,商店,百货,購物,supermarket|hotel=宾馆,酒店,旅馆,旅館,民宿,guest_house,hostel"
    "|restaurant=餐馆,餐饮,饭店,餐館,大型餐馆|entertainment=娱乐,文体娱乐,影院,KTV,网吧,剧院,cinema,theatre"
    "|sports=体育馆,体育场,健身,stadium|culture=图书馆,博物馆,展览馆,文化馆,library,museum|religious=宗教场所,寺,教堂,清真寺,庙,place_of_worship"
    "|station=车站,客运站,码头,车站码头,机场,地铁站,bus_station,ferry_terminal|office=办公,政务,政务与社区服务,行政,機關,辦公,townhall"
    "|scenic=景区,公园,广场,park|dormitory=宿舍,员工宿舍|residential=居住区,小区,社区,村庄|community=社区活动点,大型社区活动点,活动中心,community_centre|other=其他"
)

LAYERS: dict[str, Table] = {t.name: t for t in (
    Table("enterprises", "企业", "enterprises", "any", (
        ID, _c("name", "string", "企业名称", "name", need=True, also="名称|名稱|单位名称|公司名称|企业全称|单位全称|企业名|生产经营单位|生产经营单位名称|事業名稱|厂名|Facility Name|facility_name"),
        _c("credit_code", "string", "统一社会信用代码", "unified social credit code", also="信用代码|社会信用代码|社会统一信用代码|统一信用代码|统一社会信用号"),
        _c("other_ids", "string", "其他编号", "ids under which other lists name the firm, split by |"),
        DISTRICT, _c("address", "string", "地址", "address", also="单位地址|企业地址|经营地址|生产地址|详细地址|注册地址|住所|Address|Facility Address"),
        _c("park", "string", "所在园区", "industrial park", also="所属园区|園區|所屬工業區|工业区|园区"),
        _c("sector", "string", "行业", "sector", also="行業別|行业类别|行业名称|所属行业|industry|类别|類別"),
        _c("sector_code", "string", "行业代码", "sector code", also="行业编码|NAICS code(s)"),
        _c("staff", "float", "从业人数", "staff", "persons", "职工人数|员工人数|员工数|在岗人数|人数|employees"),
        _c("area_m2", "float", "占地", "site area", "m2", "占地面积|占地(㎡)|占地面积(平方米)"),
        _c("regulated", "string", "重点监管", "regulated for", also="列管类别|列管類別|监管类别|监管类型"),
        _c("self_grade", "int", "自评等级", "self-reported grade", also="自评风险等级|风险等级|企业自评等级|等级", domain=LEVELS),
        _c("visited", "date", "最近检查日期", "date of the last inspection", also="上次检查日期|最近检查时间|上次检查时间|最近执法检查日期|检查日期"),
        _c("standardisation", "int", "标准化等级", "work-safety standardisation grade: 1 (best) to 3", also="安全生产标准化|安全标准化等级|标准化达标等级|安全生产标准化等级", domain="1=一级,I,Ⅰ,I级,Ⅰ级,1级|2=二级,II,Ⅱ,II级,Ⅱ级,2级|3=三级,III,Ⅲ,III级,Ⅲ级,3级"),
        _c("alarms", "float", "未处置报警数", "alarms nobody has dealt with", "alarms", "未处理报警数|报警未处置数|未销警数"),
        STATE, _c("data_date", "date", "数据日期", "date of the data", also="資料日期|更新日期|更新时间|date"), ERROR, *SOURCE),
        aliases=("企业名录", "企业", "企業", "名录", "enterprise", "enterprises", "company", "facilities", "firms")),
    Table("hazard_sources", "危险源", "hazard sources", "any", (
        ID, _c("name", "string", "危险源名称", "name", also="名称|单元名称|装置名称|储罐名称|罐区名称|设施名称"),
        _c("unit_id", "string", "单元编号", "production or storage unit (GB 18218) the row belongs to", also="单元编码|所属单元|装置编号|罐区编号|危险源编号"),
        _c("enterprise_id", "string", "企业编号", "enterprise id", also="所属企业编号|REGISTRATIONNO|企业代码|单位编号|管制編號|facility_id"),
        _c("enterprise_name", "string", "企业名称", "enterprise", also="所属企业|单位名称|公司名称"),
        _c("kind", "string", "类型", "kind of unit", also="危险源类型|单元类型|设施类型|类别|TOXICTYPE",
           domain="tank_farm=罐区,储罐区,储罐,油库,tank|process_unit=装置,生产装置,生产单元|warehouse=仓库,库房,危化品仓库|filling_station=加油站,加气站,加油加气站,fuel|cylinder_depot=瓶装供应站,液化气站,气瓶库|cold_store=冷库,涉氨冷库|waterworks=水厂,自来水厂|gas_station=门站,调压站,储配站,气化站|hazmat_parking=危化品停车场,危险品停车场|jetty=码头,装卸码头|loading=装卸,装卸点,装卸台|flare=火炬|other=其他,其它"),
        _c("substance", "string", "物质", "substance as written", also="危险化学品|化学品名称|品名|介质|物料|主要物质|危化品名称|TOXICNAME|chemical_name|Chemical(s)|储存物质"),
        _c("cas", "string", "CAS号", "CAS number", also="CAS|CAS编号|cas_number|CAS No"),
        _c("quantity_t", "float", "最大存量", "design maximum quantity", "t", "最大储量|储量|存量|设计最大量|最大量(吨)|数量|数量(吨)|储存量|设计储量|q|quantity"),
        _c("volume_m3", "float", "容积", "total tank volume", "m3", "总容积|罐容|容积(m3)|储罐容积|容量(m³)"),
        _c("storage", "string", "储存方式", "way of storing", also="储存形式|罐型|储存类型|设备类型",
           domain="pressurised=压力,加压,球罐,卧罐,全压力,pressure|refrigerated=低温,冷冻,半冷冻,全冷冻|atmospheric=常压,拱顶罐,固定顶,内浮顶,浮顶,浮顶罐|buried=埋地,地下|drums=桶装,瓶装,钢瓶|process=工艺,反应器,塔"),
        _c("hazard_class", "string", "危险性符号", "GB 18218 class symbol, W5.3 or the like", also="危险性类别|类别符号|GHS类别"),
        _c("pressure_mpa", "float", "压力", "operating pressure (gauge)", "MPa", "设计压力|操作压力|压力(MPa)|工作压力"),
        _c("temperature_c", "float", "温度", "operating temperature", "degC", "操作温度|温度(℃)|储存温度"),
        _c("declared_level", "int", "申报等级", "declared major-hazard level: 1 to 4", also="重大危险源等级|重大危险源级别|危险源等级|级别|等级", domain=HAZARD_LEVELS),
        _c("tanks", "float", "储罐数", "number of tanks or vessels that share the quantity", "", "罐数|储罐数量|储罐个数|罐数量|tank_count"),
        _c("bund_m2", "float", "围堰面积", "area within the bund", "m2", "防火堤面积|围堤面积|围堰面积(m2)|防火堤内面积"),
        _c("sector", "string", "行业", "sector of the site, where the list of enterprises does not tell it", also="所属行业|行业类别"),
        _c("residents_500m", "float", "500米人口", "declared residents within 500 m of the plant", "persons", "500m人口|周边500米人数|暴露人员|500米范围常住人口"),
        _c("year", "int", "投用年份", "year of first use", also="投用时间|建成年份|投产年份"), STATE, ERROR, *SOURCE),
        aliases=("重大危险源", "危险源", "危化品", "储罐", "罐区", "加油站", "毒性化學物質", "toxic", "hazard", "hazards", "hazard_sources", "tanks", "chemicals")),
    Table("gas_pipelines", "油气管线", "pipelines", "line", (
        _c("id", "string", "管线编号", "id", also="ID|编号|编码|代码|序号|管道编号|code|fid|gid|osm_id|pid"), _c("name", "string", "管线名称", "name", also="名称|管道名称|NAME|线路名称"),
        _c("kind", "string", "管线类别", "kind", also="管道类别|管线类型|管道类型|类别|type",
           domain="long_distance=长输,长输管道,干线,输气干线,transmission,gas,liquid|town_gas=城镇燃气,燃气,中压,低压,次高压,高压,天然气管网,distribution|hazmat=危化品管道,化工管道,石化管線,工业管道"),
        _c("medium", "string", "介质", "what flows", also="输送介质|物质|substance|输送物质",
           domain="natural_gas=天然气,天然氣,NG,gas,燃气|lpg=液化石油气,LPG|town_gas=煤气,人工煤气|crude_oil=原油|refined_oil=成品油,汽油,柴油,油品,petroleum|propylene=丙烯|ethylene=乙烯|methanol=甲醇|styrene=苯乙烯|ammonia=液氨,氨|hydrogen=氢气,氢,hydrogen|chemicals=石化,化学品,petrochemical"),
        _c("diameter_mm", "float", "管径", "outside diameter", "mm", "直径|外径|DN|公称直径|管径(mm)|diameter"),
        _c("pressure_mpa", "float", "压力", "maximum allowable operating pressure (gauge)", "MPa", "设计压力|运行压力|压力(MPa)|MAOP|pressure"),
        _c("wall_mm", "float", "壁厚", "wall thickness", "mm", "壁厚(mm)|管壁厚度"),
        _c("material", "string", "材质", "material", also="管材"), _c("depth_m", "float", "埋深", "depth of cover", "m", "埋深(m)|覆土深度"),
        _c("laying", "string", "敷设方式", "way of laying", also="敷设", domain="buried=埋地,地埋,直埋|rack=架空,管廊,管架|crossing=穿越,定向钻"),
        _c("monitored", "bool", "有无监测", "watched at crossings and high-consequence areas (cameras, fibre, alarms)", also="是否监测|监测情况|视频监控"),
        _c("year", "int", "投用年份", "year of first use", also="投用时间|建成年份|敷设年份|start_year"),
        _c("owner", "string", "权属单位", "owner", also="产权单位|运营单位|管理单位|company|operator"), STATE, ERROR, *SOURCE),
        aliases=("管线", "管道", "燃气管网", "燃气", "天然气", "石化管線", "pipeline", "pipelines", "gas_pipelines", "natural_gas", "petroleum", "petrochemical")),
    Table("crowded_places", "人员密集场所", "crowded places", "any", (
        ID, _c("name", "string", "场所名称", "name", also="名称|名稱|单位名称|学校名称|机构名称", need=True),
        _c("kind", "string", "类别", "kind", also="类型|類別|场所类型|场所类别|kind|amenity|type|行業別|行业", domain=CROWDED_KINDS),
        _c("capacity", "float", "人数", "people at the busiest time", "persons", "容纳人数|最大人数|在校人数|学生数|额定人数|核定人数|规模|capacity"),
        _c("beds", "float", "床位数", "beds", "beds", "床位"), _c("area_m2", "float", "建筑面积", "floor area", "m2", "面积|建筑面积(m2)|营业面积"),
        _c("floors", "float", "层数", "floors", "", "楼层|地上层数"), DISTRICT, _c("address", "string", "地址", "address", also="Address"), STATE, ERROR, *SOURCE),
        aliases=("人员密集场所", "密集场所", "学校", "医院", "养老机构", "场所", "避难", "crowded", "crowded_places", "places", "pois", "schools", "hospitals", "shelters")),
    Table("roads", "道路", "roads", "line", (
        ID, _c("name", "string", "道路名称", "name", also="路名|名称|road_name|route"),
        _c("class", "string", "道路等级", "class, OSM words", also="等级|类型|道路类型|highway|fclass|category|road_class|路宽等级|技术等级|MTFCC",
           domain="motorway=高速,高速公路,freeway,国道主干线,S1100|motorway_link=高速匝道,匝道,S1630|trunk=国道,省道,快速路,城市快速路,国省道,一级公路,expressway,provincial|trunk_link=|primary=主干路,主干道,县道,二级公路,S1200|primary_link=|secondary=次干路,次干道,乡道,三级公路|secondary_link=|tertiary=支路,三级,四级公路|tertiary_link=|residential=小区路,街巷,村道,residential,S1400|living_street=|unclassified=其他道路,未分级,等外公路|service=内部道路,厂区道路,专用公路,S1640,S1730,S1740,S1780|road="),
        _c("oneway", "int", "单行", "1 along the line, -1 against it, 0 both ways", also="单行线|单双向|单向", domain="1=是,yes,true,1,Y,单向|0=否,no,false,0,N,双向|-1=-1,reverse"),
        _c("speed_kmh", "float", "限速", "speed limit", "km/h", "速度|设计速度|maxspeed|限速(km/h)|speed|speed_limit"), _c("lanes", "float", "车道数", "lanes", "", "车道|lanes"),
        _c("width_m", "float", "路宽", "width", "m", "宽度|路宽(m)|width"), _c("bridge", "bool", "桥梁", "bridge", also="是否桥梁|桥"), _c("tunnel", "bool", "隧道", "tunnel", also="是否隧道"),
        _c("level", "float", "层级", "level above ground (OSM layer)", "", "layer"), _c("max_height_m", "float", "限高", "height limit", "m", "限高(m)|maxheight"),
        _c("max_weight_t", "float", "限重", "weight limit", "t", "限重(t)|maxweight"), _c("hazmat", "string", "危险品通行", "hazmat rule as written", also="危化品限行|危险品限行"),
        _c("hazmat_trips_per_yr", "float", "危化品车次", "loaded hazmat tankers a year", "1/yr", "年危化品车次|危险品车次"),
        _c("access", "string", "通行", "access, OSM words", also="通行限制"), _c("hgv", "string", "货车通行", "access for heavy goods vehicles, OSM words", also="货车限行|限货"),
        _c("conditional", "string", "限时规定", "rules that hold at some hours, as written: key=value;..."),
        _c("emergency", "string", "应急通行", "emergency vehicles: yes (a way only they may drive) or no, OSM words", also="应急车辆通行"),
        _c("barrier", "string", "路障", "what stands on the road, OSM words split by ;: gate, bollard, block, ..."), *SOURCE),
        aliases=("道路", "路网", "公路", "roads", "road", "highways", "highway", "streets", "street", "edges", "network")),
    Table("turn_restrictions", "转向限制", "turn restrictions", "point", (
        ID, _c("kind", "string", "类型", "kind, OSM words: no_left_turn, only_straight_on, ...", also="restriction",
               domain="no_left_turn=禁止左转,禁左,禁止向左转弯|no_right_turn=禁止右转,禁右,禁止向右转弯|no_straight_on=禁止直行|no_u_turn=禁止掉头,禁止调头|no_entry=禁止驶入|no_exit=禁止驶出|only_left_turn=只准左转,向左转弯|only_right_turn=只准右转,向右转弯|only_straight_on=只准直行,直行|only_u_turn="),
        _c("from_id", "string", "驶出道路", "road left (roads.id)", need=True), _c("to_id", "string", "驶入道路", "road entered (roads.id)", need=True),
        _c("via_ids", "string", "经由道路", "roads between them (roads.id), split by ;; none: they meet at the point"),
        _c("exempt", "string", "例外车辆", "vehicles the restriction spares, OSM words", also="except"), _c("vehicles", "string", "适用车辆", "vehicles it means, OSM words; none: all"),
        _c("conditional", "string", "限时规定", "condition as written: hours (Mo-Fr 07:00-09:00), or kind @ (hours AND weight>7.5)"), *SOURCE), aliases=("转向限制", "turn_restrictions")),
    Table("hazmat_bans", "危货禁限行区", "hazmat bans", "any", (
        ID, NAME, _c("hours", "string", "时段", "hours of the week in which it holds, as written; always where missing", also="禁行时段|限行时段|时间|hours"),
        _c("classes", "string", "适用货物", "classes or substances it holds for, split by |; all where missing", also="危险货物类别|货物类别|类别|物质"),
        _c("reason", "string", "原因", "why, and by which order", also="依据|禁行原因|说明"), *SOURCE),
        aliases=("禁行区", "危货禁行", "危化品禁行", "限行区", "hazmat_bans")),
    Table("districts", "行政区划", "districts", "polygon", (
        _c("id", "string", "行政区划代码", "code", also="区划代码|代码|编码|adcode|TOWN_ID|VILLCODE|code|行政区划代|id"),
        _c("name", "string", "名称", "name", also="行政区划名称|镇街名称|TOWN|VILLNAME|区划名称|name|乡镇名称|行政区划名", need=True),
        _c("level", "string", "层级", "level", also="级别|level", domain="city=市,city|county=县,区,county|township=镇,乡,街道,区,鄉鎮市區,township|village=村,社区,里,village"),
        _c("parent_id", "string", "上级代码", "code of the unit above", also="上级区划代码|parent|parent_adcode"), *SOURCE),
        aliases=("行政区划", "区划", "镇街", "乡镇", "边界", "村界", "县界", "districts", "district", "townships", "villages", "boundary", "counties", "admin")),
    Table("population", "人口", "population", "any", (
        ID, _c("persons", "float", "人口", "residents", "persons", "常住人口|人数|P_CNT|population|pop|居住人口|总人口", need=True),
        _c("day_persons", "float", "白天人口", "people present by day: everybody, at work and in places too", "persons", "日间人口"), _c("households", "float", "户数", "households", "households", "H_CNT|户"), *SOURCE),
        aliases=("人口", "population", "population_areas", "pop", "census", "人口网格")),
    Table("emergency_facilities", "应急力量", "emergency facilities", "any", (
        ID, _c("name", "string", "名称", "name", also="队站名称|单位名称|机构名称", need=True),
        _c("kind", "string", "类型", "kind", also="类别|队站类型|队站类别|设施类型|amenity", need=True,
           domain="fire_station=消防站,消防救援站,专职消防队,普通消防站,小型消防站,特勤消防站,特勤站,企业消防队|hospital=医院,综合医院,急救医院|ambulance_base=急救站,急救中心,120|rescue_team=救援队,应急救援队,危化品救援队,专业队|depot=物资库,应急物资库,泡沫库,装备库|water_source=取水点,天然水源,水源,消防水鹤,水鹤|hydrant=消火栓,消防栓|shelter=避难场所,避难所,应急避难场所,避難收容"),
        _c("vehicles", "float", "车辆数", "vehicles", "", "消防车|车辆"), _c("staff", "float", "人员数", "staff", "persons", "人员|队员人数|执勤人数"),
        _c("turnout_s", "float", "出动时间", "turnout time", "s", "出动时间(秒)|接警出动时间"), _c("foam_t", "float", "泡沫储量", "foam concentrate", "t", "泡沫(吨)|泡沫"), _c("beds", "float", "床位数", "beds", "", "床位"),
        _c("address", "string", "地址", "address"), STATE, ERROR, *SOURCE),
        aliases=("应急力量", "消防站", "消防", "救援队", "应急", "急救", "避难场所", "emergency", "fire_stations", "emergency_facilities", "rescue", "shelters", "消火栓", "hydrants")),
    Table("parking_lots", "停车场", "parking lots", "any", (
        ID, NAME, _c("kind", "string", "类型", "kind", also="类别", domain="hazmat=危化品,危险品,危化品停车场|general=普通,社会停车场"), _c("bays", "float", "车位数", "bays", "", "泊位|车位"), ERROR, *SOURCE),
        aliases=("停车场", "parking", "parking_lots")),
    Table("hidden_dangers", "重大事故隐患", "hidden dangers", "any", (
        ID, _c("name", "string", "隐患名称", "what is wrong", also="隐患内容|隐患描述|名称"), _c("enterprise_id", "string", "企业编号", "enterprise id"), _c("enterprise_name", "string", "企业名称", "enterprise", also="单位名称"),
        _c("found_date", "date", "发现日期", "found on", also="排查日期|上报日期"), _c("due_date", "date", "整改期限", "due on", also="整改时限|期限"), _c("state", "string", "整改状态", "state", also="状态|整改情况", domain="open=未整改,整改中,open|closed=已整改,销号,closed|overdue=逾期"),
        _c("level", "string", "隐患级别", "level", also="隐患等级|隐患分级", domain="major=重大,重大隐患,重大事故隐患,major|general=一般,一般隐患,一般事故隐患,general"),
        _c("supervised", "bool", "挂牌督办", "under listed supervision", also="是否挂牌督办|挂牌|是否挂牌|是否督办"),
        _c("closed_date", "date", "整改完成日期", "closed on", also="销号日期|完成日期|整改完成时间|验收日期|闭环日期"), ERROR, *SOURCE),
        aliases=("隐患", "重大事故隐患", "hidden_dangers")),
    Table("risk_points", "风险点", "risk points", "any", (
        _c("id", "string", "风险点编号", "id", also="编号|ID|编码|代码|序号|风险点编码|风险源编号|风险编号|code|fid|gid"), _c("name", "string", "风险点名称", "name", need=True, also="风险点|风险源名称|风险单元|风险点（单元）名称|作业活动|名称"),
        _c("kind", "string", "风险类别", "kind", also="风险类型|风险点类型|风险点类别|类别|类型|所属领域|领域", domain=POINT_KINDS),
        _c("enterprise_id", "string", "企业编号", "enterprise id", also="所属企业编号|企业代码|单位编号"), _c("enterprise_name", "string", "企业名称", "enterprise", also="所属企业|所属单位|单位名称|公司名称"),
        DISTRICT, _c("location", "string", "部位", "where exactly, as written", also="所在位置|具体位置|所在部位|场所部位"),
        _c("method", "string", "评价方法", "method of grading", also="评估方法|辨识方法|风险评价方法|分级方法", domain=POINT_METHODS),
        _c("l", "float", "可能性", "score L: likelihood", also="L|L值|可能性L|可能性(L)|事故可能性|发生可能性"), _c("e", "float", "暴露频次", "score E: exposure", also="E|E值|暴露频次(E)|暴露频率|频繁程度|暴露程度"),
        _c("c", "float", "后果", "score C: consequence (LEC)", also="C|C值|后果C|后果(C)|事故后果"), _c("s", "float", "严重性", "score S: severity (LS, MES, zone); the score or level of a method with one number", also="S|S值|严重性S|严重性(S)|严重程度|后果严重性|得分|评分"),
        _c("m", "float", "控制措施状态", "score M: state of control (MES)", also="M|M值|控制措施的状态|措施状态M"), _c("deaths", "float", "可能死亡人数", "possible deaths, from which C follows where it is not given", "persons", "预计死亡人数|最大死亡人数"),
        _c("direct", "string", "直接判定情形", "conditions that make it red outright, as written", also="直接判定|直接判定依据|重大风险直接判定"),
        _c("declared_grade", "int", "申报风险等级", "grade as declared", also="风险等级|风险级别|风险分级|评价级别|等级|管控等级", domain=LEVELS),
        _c("measures", "string", "管控措施", "control measures", also="风险管控措施|控制措施|防控措施|现有管控措施"), _c("control_level", "string", "管控层级", "who controls it, as written", also="管控级别|责任层级|管控主体层级"),
        _c("unit", "string", "责任单位", "responsible unit", also="管控单位|责任部门|主管部门"), _c("person", "string", "责任人", "responsible person", also="管控责任人|负责人"), _c("phone", "string", "联系电话", "telephone", also="电话|责任人电话|手机"),
        _c("visited", "date", "最近检查日期", "date of the last inspection", also="检查日期|上次检查日期|最近检查|最后检查时间|巡查日期"), STATE, ERROR, *SOURCE),
        aliases=("风险点", "风险点清单", "风险源清单", "辨识清单", "管控清单", "风险清单", "risk_points", "risk points")),
    Table("buildings", "建筑", "buildings", "polygon", (
        ID, NAME, _c("kind", "string", "用途", "use", also="建筑用途|类型|building"), _c("floors", "float", "层数", "floors", "", "楼层|building:levels|地上层数"), _c("height_m", "float", "高度", "height", "m", "建筑高度|height"),
        _c("fire_rating", "int", "耐火等级", "fire-resistance rating 1 to 4"), _c("persons", "float", "人数", "people", "persons", "居住人数"), _c("households", "float", "户数", "households", "households", "户"), ERROR, *SOURCE),
        aliases=("建筑", "房屋", "建筑物", "buildings", "building")),
    Table("water", "水系", "water", "any", (ID, NAME, _c("kind", "string", "类型", "kind", also="类别|waterway|natural|water", domain="river=河流,江,riverbank|canal=运河,渠,河道|lake=湖,湖泊,水库,reservoir|pond=池塘,坑塘|ditch=沟,drain|stream=|sea=海"), *SOURCE),
        aliases=("水系", "河流", "水体", "水域", "water", "rivers", "waterways")),
    Table("accidents", "事故", "accidents", "any", (
        ID, NAME, _c("kind", "string", "事故类型", "kind", also="事故類別名稱|事故类别|类型"), _c("date", "date", "日期", "date", also="发生日期|發生日期|事故日期|发生时间"), _c("substance", "string", "物质", "substance", also="涉及物质"),
        _c("deaths", "float", "死亡人数", "deaths", "persons", "死亡"), _c("injuries", "float", "受伤人数", "injuries", "persons", "受伤"), ERROR, *SOURCE), aliases=("事故", "accidents", "accident")),
    Table("elevation", "高程", "elevation", "raster", (_c("elevation_m", "float", "高程", "height of the ground", "m"),), aliases=("高程", "地形", "elevation", "dem", "relief", "terrain")),
    Table("landuse", "用地", "land use", "polygon", (ID, NAME, _c("kind", "string", "用地类型", "kind", also="类型|用地性质|landuse|leisure", domain="green=绿地,公园,林地,forest,park,grass,wood|industrial=工业,工业用地,园区|residential=居住,建成区,居住用地|farmland=耕地,农田"), *SOURCE),
        aliases=("用地", "土地利用", "园区边界", "绿地", "landuse", "greens", "parks")),
)}

_KEYS = (_c("layer", "string", "图层", "layer"), ID, NAME)
GRADE = _c("grade", "int", "风险等级", "grade: 4 red, 3 orange, 2 yellow, 1 blue, 0 none")
GRADE_NOW = _c("grade_now", "int", "现实风险等级", "grade of current risk, with controls, hidden dangers, alarms and rescue")
CERTAINTY = _c("certainty", "float", "颜色确定度", "share of the samples in which the colour stays; absent unless computed", "0-1")
CHAINAGE = (_c("from_m", "float", "起点里程", "chainage of its beginning, along the pipeline's own line", "m"), _c("to_m", "float", "终点里程", "chainage of its end", "m"))
NEEDS = _c("needs", "string", "所需资料", "what would settle it; empty where nothing is open")
CLAUSE = (_c("confidence", "string", "可信度", "V, MC or MU"), _c("standard", "string", "标准", "standard"), _c("edition", "string", "版本", "edition"), _c("clause", "string", "条款", "clause"))
HOUR = _c("hour", "string", "时段", "hour of the speeds", domain="free=畅通|typical=平常|peak=高峰")
_FACILITY = (_c("facility_kind", "string", "力量类型", "kind of facility"), _c("facility_id", "string", "力量编号", "facility; empty where none of the kind comes"), _c("facility_name", "string", "力量名称", "facility name"))
_WORST = (_c("worst_layer", "string", "最远对象图层", "layer of the place that waits longest"), _c("worst_id", "string", "最远对象编号", "its id"), _c("worst_place", "string", "最远对象", "its name"), _c("worst_min", "float", "最远分钟", "minutes it waits; missing where nobody comes", "min"))
COLOURS = (("red", "红"), ("orange", "橙"), ("yellow", "黄"), ("blue", "蓝"), ("none", "无"))

RESULTS: dict[str, Table] = {t.name: t for t in (
    Table("wind_rose", "风玫瑰", "wind rose", "none", (
        _c("period", "string", "时段", "day, night or all"), _c("direction_deg", "float", "风向", "direction the wind comes from; missing for calm", "deg"), _c("speed_mps", "float", "风速", "wind speed at 10 m", "m/s"),
        _c("stability", "string", "稳定度", "Pasquill class A to F; missing where the file has none"), _c("share", "float", "频率", "share of the hours; sums to 1 over the table")), ()),
    Table("major_hazards", "重大危险源辨识", "major hazard installations", "any", (
        _c("unit_id", "string", "单元编号", "unit", need=True), NAME, _c("enterprise_id", "string", "企业编号", "enterprise id"), _c("enterprise_name", "string", "企业名称", "enterprise"),
        _c("substances", "string", "物质", "substances"), _c("quantity_t", "float", "存量", "sum of the quantities", "t"), _c("verdict", "string", "结论", "major, not_major or undecided"),
        _c("s_value", "float", "S", "sum of q/Q (GB 18218-2018 4.2)"), _c("r_value", "float", "R", "grading index (GB 18218-2018 4.3)"), _c("alpha", "float", "α", "exposure factor (Table 5)"),
        _c("level", "int", "级别", "level: 1 (worst) to 4; missing unless major"), _c("declared_level", "int", "申报级别", "level as declared"), _c("agrees", "bool", "与申报一致", "declared level equals the computed one"),
        _c("residents_500m", "float", "500米人口", "residents within 500 m", "persons"), _c("residents_from", "string", "人口来源", "declared, counted or assumed"),
        _c("terms", "json", "计算过程", "one object a substance: substance, q, Q, beta, clause, confidence"), _c("confidence", "string", "可信度", "weakest confidence used: V, MC or MU"), _c("reason", "string", "理由", "why, and what is missing")), ()),
    Table("risk_sources", "风险计算源", "sources of the risk sum", "any", (
        _c("source_id", "string", "计算源编号", "layer/id, and the load where one row gives several sources", need=True), *_KEYS, _c("enterprise_id", "string", "企业编号", "enterprise id"), _c("enterprise_name", "string", "企业名称", "enterprise"),
        _c("equipment", "string", "设备", "parts that can fail, split by |"), _c("substance", "string", "物质", "substance computed with"), _c("phase", "string", "相态", "gas, liquefied (under pressure), refrigerated or liquid"),
        _c("inventory_kg", "float", "存量", "stock of all units; of a pipeline what drains through a break", "kg"), _c("units", "float", "台数", "vessels or stores that share the stock"), _c("unit_kg", "float", "单瓶量", "content of one cylinder", "kg"),
        _c("tanker_kg", "float", "槽车载量", "load of a tanker", "kg"), _c("pressure_pa", "float", "压力", "absolute pressure", "Pa"), _c("temperature_k", "float", "温度", "temperature", "K"), _c("diameter_mm", "float", "管径", "diameter of a pipeline", "mm"), _c("wall_mm", "float", "壁厚", "wall of a pipeline", "mm"), _c("laying", "string", "敷设方式", "way of laying of a pipeline: buried, rack or crossing"),
        _c("connection_mm", "float", "接管直径", "diameter of the largest connection, arm, hose or pipe", "mm"), _c("pool_m2", "float", "液池面积", "largest pool", "m2"), _c("boundary_m", "float", "厂界距离", "distance to the edge of the site, within which a cloud is not lit later", "m"), _c("head_m", "float", "液位", "liquid above a hole", "m"), _c("length_m", "float", "长度", "length of a line", "m"),
        _c("presence", "float", "在场数", "tankers present on average; vehicles a year on a road"), _c("hours_per_yr", "float", "作业时数", "hours of use of arm or hose", "h/yr"), _c("transfer_kg_s", "float", "输送量", "flow that is pumped", "kg/s"),
        _c("assumed", "json", "假定值", "what the row does not say: column, value, unit, why, confidence"), _c("confidence", "string", "可信度", "weakest confidence of substance and assumptions: V, MC or MU")), ()),
    Table("scenarios", "事故情景", "scenarios: every branch of every source", "none", (
        _c("source_id", "string", "计算源编号", "source", need=True), _c("scenario", "string", "泄漏情景", "part/event, and whether it was isolated"), _c("outcome", "string", "后果类型", "toxic, flash_fire, pool_fire, jet_fire, fireball, explosion or none"), _c("weather", "string", "天气", "stability and wind speed; any where it does not matter"),
        _c("frequency_per_yr", "float", "频率", "of the branch, weather included; of a line for each metre", "per year"), _c("rate_kg_s", "float", "泄漏速率", "release rate; missing where all comes at once", "kg/s"), _c("mass_kg", "float", "泄漏量", "mass released", "kg"), _c("duration_s", "float", "持续时间", "duration", "s"),
        _c("reach_m", "float", "影响距离", "distance beyond which nobody dies; 0 where nobody does", "m"), _c("factors", "json", "概率因子", "numbers whose product is the frequency"), _c("warning", "string", "提示", "where a model is used beyond its validity"), _c("confidence", "string", "可信度", "weakest confidence: V, MC or MU")), ()),
    Table("not_quantified", "未量化", "rows the risk sum could not compute", "none", (
        _c("source_id", "string", "计算源编号", "source", need=True), *_KEYS, _c("substance", "string", "物质", "substance as written"), _c("reason", "string", "原因", "why not"), _c("helps", "string", "所需资料", "what would help"), *SOURCE), ()),
    Table("unverified", "未核实数值", "numbers in use that nobody has checked (MU), and where", "none", (
        _c("source_id", "string", "计算源编号", "source; * for all of them", need=True), _c("scenario", "string", "泄漏情景", "scenario; empty for the whole source"), _c("quantity", "string", "量", "which number"),
        _c("value", "string", "数值", "what is taken"), _c("unit", "string", "单位", "unit"), _c("why", "string", "依据", "what it rests on")), ()),
    Table("index_sources", "风险源", "sources of the risk index", "any", (
        *_KEYS, _c("score", "float", "源强", "source level", "0-100"), _c("reach_m", "float", "影响半径", "reach", "m"), _c("group", "string", "组", "of one group only the strongest source counts at a place"), _c("reason", "string", "理由", "which rule gave level and reach")), ()),
    Table("risk_points", "风险点分级", "graded risk points", "any", (
        ID, NAME, _c("kind", "string", "风险类别", "kind", domain=POINT_KINDS), _c("enterprise_id", "string", "企业编号", "enterprise id"), _c("enterprise_name", "string", "企业名称", "enterprise"),
        _c("grade", "int", "风险等级", "grade: 4 red, 3 orange, 2 yellow, 1 blue; missing where nothing tells it"), _c("method", "string", "评价方法", "method", domain=POINT_METHODS), _c("variant", "string", "方法版本", "variants and side of a cut in use"),
        _c("value", "float", "评价值", "D, R or score of the variant that counts"), _c("grades", "json", "各版本等级", "grade by variant, all in use"), _c("declared_grade", "int", "申报风险等级", "grade as declared"), _c("agrees", "bool", "与申报一致", "declared grade equals the grade"),
        _c("confidence", "string", "可信度", "weakest confidence used: V, MC or MU"), _c("reason", "string", "理由", "how the grade follows"), _c("problem", "string", "问题", "what is wrong with the row, and what to do; empty where nothing is")), ()),
    Table("current_sources", "现实风险源", "sources of current risk", "any", (
        *_KEYS, _c("score", "float", "现实源强", "source level with controls, dangers, alarms and rescue counted", "0-100"), _c("reach_m", "float", "影响半径", "reach", "m"), _c("group", "string", "组", "of one group only the strongest source counts at a place"),
        _c("factor", "float", "现实系数", "multiplier of the inherent level"), _c("reason", "string", "理由", "inherent level, and each factor that changed it")), ()),
    Table("districts", "行政区风险", "district grades", "polygon", (
        ID, NAME, _c("level", "string", "层级", "level"), _c("parent_id", "string", "上级代码", "code of the unit above"), GRADE, _c("rule", "string", "规则", "how the grade follows from the shares"),
        GRADE_NOW, _c("rule_now", "string", "现实规则", "how the current grade follows from the shares"),
        _c("area_km2", "float", "面积", "area", "km2"), *(_c(f"share_{w}", "float", f"{z}占比", f"share of the area graded {w}") for w, z in (("red", "红"), ("orange", "橙"), ("yellow", "黄"), ("blue", "蓝"), ("none", "无"))),
        _c("persons", "float", "人口", "residents", "persons"), *(_c(f"persons_{w}", "float", f"{z}区人口", f"residents in {w}", "persons") for w, z in (("red", "红"), ("orange", "橙"), ("yellow", "黄"), ("blue", "蓝"))),
        _c("index_max", "float", "最大指数", "highest index", "0-100"), _c("index_mean", "float", "平均指数", "mean index", "0-100"), _c("index_persons", "float", "人口加权指数", "mean index where people live", "0-100"),
        CERTAINTY,
        _c("n_enterprises", "int", "企业数", "enterprises, closed and planned ones not counted"), _c("n_hazards", "int", "危险源数", "hazard sources, closed and planned ones not counted"), _c("n_major", "int", "重大危险源数", "major hazards"), _c("n_conflicts", "int", "冲突数", "setback conflicts")), ()),
    Table("enterprises", "企业风险", "enterprise grades", "any", (
        ID, NAME, _c("district_id", "string", "镇街代码", "district"), GRADE, _c("self_grade", "int", "自评等级", "self-reported grade"), _c("index_max", "float", "指数", "highest index at the site", "0-100"),
        _c("major_level", "int", "重大危险源级别", "worst major-hazard level"), _c("n_conflicts", "int", "冲突数", "setback conflicts"), _c("sector", "string", "行业", "sector"), CERTAINTY, _c("reason", "string", "理由", "why this grade"),
        GRADE_NOW, _c("reason_now", "string", "现实理由", "why this current grade")), ()),
    Table("groups", "分组风险", "grades of trades, parks, pipelines, roads and the region", "none", (
        _c("scope", "string", "范围", "trade, park, pipeline, road or region", domain="trade=行业|park=园区|pipeline=管线|road=道路|region=全域", need=True), _c("scope_id", "string", "编号", "which"), NAME,
        _c("n", "int", "数量", "working enterprises; segments of pipelines and roads"), GRADE, _c("rule", "string", "规则", "how the grade follows"), GRADE_NOW, _c("rule_now", "string", "现状规则", "how the current grade follows"),
        *(_c(f"share_{w}", "float", f"{z}占比", f"share graded {w}: of the enterprises, of the length, or of the region's area") for w, z in COLOURS), *(_c(f"n_{w}", "int", f"{z}数量", f"how many of n are {w}") for w, z in COLOURS),
        _c("persons", "float", "人数", "staff of a trade's or park's enterprises; residents of the region", "persons"), *(_c(f"persons_{w}", "float", f"{z}人数", f"of them in {w}", "persons") for w, z in COLOURS[:4]),
        _c("index_max", "float", "最大指数", "highest index", "0-100"), _c("index_mean", "float", "平均指数", "mean index along the line or over the region", "0-100"), _c("index_persons", "float", "人口加权指数", "mean index where people live", "0-100"),
        _c("area_km2", "float", "面积", "area of the region", "km2"), _c("length_km", "float", "长度", "length of pipeline or road", "km")), ()),
    Table("robustness", "颜色稳健性", "how often each district and enterprise has which colour when the assumptions vary", "none", (
        _c("scope", "string", "范围", "district or enterprise", domain="district=行政区|enterprise=企业", need=True), _c("scope_id", "string", "编号", "which"), NAME, _c("likely", "int", "最可能等级", "most frequent grade"),
        *(_c(f"share_{w}", "float", f"{z}占比", f"share of the samples in which it is {w}") for w, z in COLOURS)), ()),
    Table("sensitivity", "敏感性", "which assumptions move the least certain districts", "none", (
        _c("scope", "string", "范围", "district, or region: the mean grade of all districts", domain="district=行政区|region=全域", need=True), _c("scope_id", "string", "编号", "which"), NAME,
        _c("factor", "string", "因素", "row of standards/robustness_factors.csv"), _c("meaning", "string", "含义", "what it is"), _c("low", "float", "下限", "least multiple"), _c("high", "float", "上限", "largest multiple"),
        _c("first_order", "float", "一阶指数", "share of the grade's variance it explains alone; noise may put it below 0"), _c("total_order", "float", "总指数", "share it takes part in, with others")), ()),
    Table("surface_bands", "风险面分级统计", "area and residents of every grade or band of values of a surface", "none", (
        _c("surface", "string", "风险面", "surface", need=True), _c("district_id", "string", "行政区代码", "district; empty: the whole region"), NAME, _c("level", "string", "层级", "level: region, or that of the district"),
        GRADE, _c("value_from", "float", "下限", "from; missing where the band is open below", "as the surface"), _c("value_to", "float", "上限", "to below; missing where the band is open above", "as the surface"),
        _c("area_km2", "float", "面积", "area", "km2"), _c("share", "float", "占比", "share; of the area of the district"), _c("persons", "float", "人口", "residents", "persons")), ()),
    Table("segments", "线段风险", "grades along pipelines and roads", "line", (
        *_KEYS, _c("segment", "int", "段号", "number along the line, from 1"), _c("from_m", "float", "起点里程", "metres of the line before it", "m"), _c("to_m", "float", "终点里程", "metres to its end", "m"), GRADE, GRADE_NOW,
        _c("index_max", "float", "最大指数", "highest index", "0-100"), _c("index_mean", "float", "平均指数", "mean index along it", "0-100"), *(_c(f"share_{w}", "float", f"{z}占比", f"share of its length in {w}") for w, z in COLOURS)), ()),
    Table("balance", "汇总平衡", "sums that must agree: whole = parts + outside - overlap", "none", (
        _c("what", "string", "项目", "whole and its parts"), _c("quantity", "string", "量", "what is summed"), _c("unit", "string", "单位", "unit"), _c("whole", "float", "总数", "of the whole"), _c("parts", "float", "分项合计", "sum of the parts"),
        _c("outside", "float", "未归入", "of the whole, in no part"), _c("overlap", "float", "重复", "in two parts, or in a part beyond the whole"), _c("difference", "float", "差额", "what remains: rounding")), ()),
    Table("findings", "间距冲突", "setback findings", "line", (
        *(_c(n, "string", z, e) for n, z, e in (
            ("finding_id", "编号", "id"), ("rule_id", "规则", "rule"), ("standard", "标准", "standard"), ("edition", "版本", "edition"), ("clause", "条款", "clause"), ("confidence", "可信度", "V, MC or MU"),
            ("source_layer", "源图层", "source layer"), ("source_id", "源编号", "source"), ("source_name", "源名称", "source name"), ("target_layer", "目标图层", "target layer"), ("target_id", "目标编号", "target"), ("target_name", "目标名称", "target name"))),
        _c("required_m", "float", "要求距离", "required distance", "m"), _c("clearance_m", "float", "实际距离", "geodesic length of the nearest segment", "m"), _c("uncertainty_m", "float", "不确定度", "half width of the clearance's error band", "m"),
        _c("verdict", "string", "结论", "conflict, clear or undecided"), _c("needs", "string", "所需资料", "missing attributes that would change what is required, and whose"), _c("reason", "string", "理由", "why")), ()),
    Table("hca", "高后果区", "high-consequence areas of pipelines", "line", (
        _c("id", "string", "管线编号", "pipeline"), _c("name", "string", "管线名称", "its name"), _c("hca_id", "string", "高后果区编号", "the area; one row for each pipeline it runs along"), *CHAINAGE,
        _c("level", "int", "级别", "level: 1 to 3 (severest)", domain="1=Ⅰ级|2=Ⅱ级|3=Ⅲ级"), _c("verdict", "string", "结论", "found, or undecided where something is not told", domain="found=已识别|undecided=待核实"),
        _c("item", "string", "识别项", "items of the table of GB 32167, split by |"), _c("cause", "string", "成因", "the buildings and places that cause it, the first three"), _c("n_causes", "int", "成因数", "causes in all"),
        _c("reason", "string", "理由", "why this level"), NEEDS, _c("causes", "json", "全部成因", "every cause: item, level, layer, id, name, distance_m, from_m and to_m (along the joined pipelines), needs"), *CLAUSE), ()),
    Table("location_classes", "地区等级", "location classes along gas pipelines", "line", (
        _c("id", "string", "管线编号", "pipeline"), _c("name", "string", "管线名称", "its name"), *CHAINAGE, _c("class", "string", "地区等级", "class taken: the severest that is possible"), _c("class_sure", "string", "确定等级", "class that needs no assumption"),
        _c("design_class", "string", "设计等级", "class to design for: 3 near places hard to evacuate"), _c("design_factor", "float", "设计系数", "strength design factor of that class"),
        _c("households", "float", "户数", "most households in a window that reaches here", "households"), _c("households_from", "string", "户数来源", "layer that told them"),
        _c("window_from_m", "float", "窗口起点", "where that window begins, along the joined pipelines", "m"), _c("window_to_m", "float", "窗口终点", "where it ends", "m"), _c("reason", "string", "理由", "why this class"), NEEDS, *CLAUSE), ()),
    Table("encroachments", "占压与第三方活动", "encroachment on pipelines and third-party activity", "any", (
        _c("id", "string", "管线编号", "pipeline"), _c("name", "string", "管线名称", "its name"), _c("kind", "string", "类别", "protection: on the protection range; control: within the control range; activity: works of others", domain="protection=占压|control=控制范围内|activity=第三方活动"),
        _c("verdict", "string", "结论", "conflict, undecided, or notify (the operator must be told)", domain="conflict=占压|undecided=待核实|notify=通知管道企业"), *CHAINAGE,
        _c("target_layer", "string", "目标图层", "layer of the other side"), _c("target_id", "string", "目标编号", "the building or place"), _c("target_name", "string", "目标名称", "its name"), _c("range_m", "float", "范围", "range on each side of the centreline", "m"),
        _c("distance_m", "float", "距离", "from the centreline to its nearest edge", "m"), _c("uncertainty_m", "float", "不确定度", "half width of the distance's error band", "m"), _c("depth_m", "float", "侵入深度", "how far it reaches into the range", "m"),
        _c("overlap_m2", "float", "占压面积", "area inside the range", "m2"), _c("reason", "string", "理由", "why"), NEEDS, *CLAUSE), ()),
    Table("crossings", "管线穿跨越", "where pipelines cross roads and waters", "point", (
        _c("id", "string", "管线编号", "pipeline"), _c("name", "string", "管线名称", "its name"), *CHAINAGE, _c("target_layer", "string", "目标图层", "roads or water"), _c("target_id", "string", "目标编号", "what is crossed"), _c("target_name", "string", "目标名称", "its name"),
        _c("kind", "string", "类型", "class of the road or kind of the water"), _c("angle_deg", "float", "交角", "between the two, 0 to 90", "deg"), _c("laying", "string", "敷设方式", "way of laying of the pipeline", domain="buried=埋地|rack=架空|crossing=穿越"),
        _c("monitoring", "string", "监测", "monitored, unmonitored, or unknown where the layer does not tell", domain="monitored=有监测|unmonitored=无监测|unknown=监测情况不明"), NEEDS), ()),
    Table("pipelines_unchecked", "管线未检查", "what the checks of pipelines could not look at", "none", (
        _c("check", "string", "检查", "hca, location_classes, encroachments or crossings"), _c("layer", "string", "图层", "layer"), _c("count", "int", "数量", "rows; missing where the layer itself is"), _c("why", "string", "原因", "why")), ()),
    Table("site_area", "可行范围", "ground free for a project: where the middle of its outline may lie", "polygon", (
        _c("area_km2", "float", "面积", "area", "km2"),), ()),
    Table("sites", "候选场址", "candidate sites of a project, the best first", "point", (
        _c("rank", "int", "排序", "order: Pareto set first, then by mean rank"), _c("lon", "float", "经度", "WGS 84 longitude of its middle", "deg"), _c("lat", "float", "纬度", "WGS 84 latitude", "deg"), _c("parcel", "string", "地块", "parcel it lies in, where parcels were given"),
        _c("risk", "float", "风险", "of a hazard: expected deaths a year it adds; of a place: individual risk there; missing where not known", "1/yr"), _c("rescue_min", "float", "消防到达时间", "until the first fire engine", "min"), _c("main_road_m", "float", "距主要道路", "to the nearest motorway, trunk or primary road", "m"),
        _c("not_industrial", "float", "非工业用地", "0 on industrial land, else 1"), _c("pareto", "bool", "帕累托最优", "no other place compared is better in one criterion and as good in all"), _c("mean_rank", "float", "平均名次", "mean rank over the criteria among all places compared"),
        _c("verdict", "string", "结论", "of a full check there: conflict, undecided or clear", domain="conflict=不符合|undecided=待定|clear=符合"), _c("why", "string", "原因", "what keeps it from clear")), ()),
    Table("stations_plan", "新建站点方案", "new stations, in the order of what each adds", "point", (
        _c("rank", "int", "排序", "order: what each adds to those before it"), _c("name", "string", "临路", "road it stands on, or the plot's name"), _c("lon", "float", "经度", "WGS 84 longitude", "deg"), _c("lat", "float", "纬度", "WGS 84 latitude", "deg"), _c("district_id", "string", "行政区", "smallest district it lies in"),
        _c("people", "float", "新增覆盖人口", "residents newly reached within the limit", "persons"), _c("crowded_places", "float", "新增覆盖场所", "crowded places newly reached"), _c("hazard_sources", "float", "新增覆盖危险源", "hazard sources newly reached"), _c("weight", "float", "新增覆盖权重", "weight newly reached: residents, weighted persons in places, hazard sources", "persons"),
        _c("minutes_before", "float", "建站前分钟", "mean until the first engine, of those it will be the first for", "min"), _c("minutes_after", "float", "建站后分钟", "the same with it", "min"),
        _c("area_m2", "float", "用地", "area of the plot; 0 for a point", "m2"), _c("verdict", "string", "结论", "of the rules for its ground", domain="conflict=不符合|undecided=待定|clear=符合"), _c("why", "string", "原因", "what keeps it from clear")), ()),
    Table("coverage_after", "建站前后覆盖率", "coverage before and after new stations", "none", (
        _c("facility_kind", "string", "力量类型", "kind of facility"), _c("limit_min", "float", "时限", "limit, turnout included", "min"), _c("target", "string", "对象", "people or a layer"), _c("district_id", "string", "行政区", "smallest district; empty for the region, outside for what lies in none"),
        _c("total", "float", "总数", "people or places"), _c("covered_before", "float", "建站前覆盖", "of them reached within the limit before"), _c("covered", "float", "建站后覆盖", "after"), _c("share_before", "float", "建站前比例", "covered before / total"), _c("share", "float", "建站后比例", "covered / total"), _c("unreachable", "float", "不可达", "of them without a road near by")), ()),
    Table("reach_change", "建站前后服务范围", "ground reached in time before and after", "polygon", (
        _c("facility_kind", "string", "力量类型", "kind of facility"), _c("state", "string", "状态", "before, or gained", domain="before=现有|gained=新增"), _c("limit_min", "float", "时限", "limit, turnout included", "min"), _c("area_km2", "float", "面积", "area", "km2")), ()),
    Table("stations_existing", "现有站点", "stations in service that new ones are set beside", "point", (ID, NAME, _c("turnout_s", "float", "出动时间", "turnout time", "s")), ()),
    Table("not_allowed", "不得使用的用地和道路", "ground and roads that may not be used", "any", (NAME, _c("state", "string", "状态", "state: ground that a rule bars, ground where a rule may stand against it, or a closed road", domain="barred=不得选址|unsure=待核实|closed=不可通行"), _c("why", "string", "原因", "which rule"), _c("area_km2", "float", "面积", "area; missing for roads", "km2")), ()),
    Table("parking_plan", "危货停车场方案", "hazmat parking lots, new and existing", "point", (
        _c("rank", "int", "排序", "order of the new ones; missing for existing lots"), _c("state", "string", "状态", "new or existing", domain="new=新建|existing=现有"), _c("id", "string", "编号", "id of an existing lot"), _c("name", "string", "名称", "name, or road it stands on"), _c("lon", "float", "经度", "WGS 84 longitude", "deg"), _c("lat", "float", "纬度", "WGS 84 latitude", "deg"), _c("district_id", "string", "行政区", "smallest district it lies in"),
        _c("bays", "float", "车位数", "bays", "bays"), _c("serves", "int", "服务企业", "firms that move hazardous goods to which it is the nearest lot"), _c("trips_per_yr", "float", "年车次", "trips a year of these firms by the flows; missing where no flows are known", "1/yr"), _c("minutes", "float", "平均行驶时间", "mean drive of those firms to it", "min"),
        _c("people_around", "float", "周边人口", "residents within the circle of the parameter around_m", "persons"), _c("rescue_min", "float", "消防到达时间", "until the first fire engine", "min"), _c("main_road_m", "float", "距主要道路", "to the nearest main road open to hazardous goods at all hours", "m"),
        _c("verdict", "string", "结论", "of all rules: conflict, undecided or clear", domain="conflict=不符合|undecided=待定|clear=符合"), _c("why", "string", "原因", "what keeps it from clear"), _c("close", "string", "临近约束", "rules it keeps by the least margin")), ()),
    Table("not_checked", "未检查", "what no setback rule could be applied to", "none", (
        _c("layer", "string", "图层", "layer"), _c("count", "int", "数量", "rows"), _c("why", "string", "原因", "why")), ()),
    Table("rules", "间距规则", "setback rules of the region, built in and own", "none", (
        _c("rule_id", "string", "规则编号", "id of the rule", also="规则|编号|序号|id"),
        _c("source_class", "string", "源类别", "class of the source", also="危险源类别|源|危险源|设施|source|from"), _c("target_classes", "string", "目标类别", "classes of what must be kept clear, split by |", also="目标|防护目标|保护对象|对象|target|target_class|to"),
        _c("distance_m", "float", "距离", "distance required", "m", "间距|安全距离|防护距离|距离(m)|要求距离|最小间距|distance"), _c("reduced_m", "float", "折减距离", "distance with the measures the rule names", "m", "减小距离|reduced"),
        _c("quantity", "string", "分档依据", "what bounds the rule: volume_m3, quantity_t or none", domain="volume_m3=容积,总容积,体积,volume|quantity_t=存量,储量,质量,quantity|none=无,不分档"),
        _c("lower", "float", "下限", "least volume [m3] or stock [t] the rule holds for", also="分档下限|从|min"), _c("lower_inclusive", "int", "含下限", "1: the lower bound itself is inside", also="下限含", domain="1=是,含,yes,true,y|0=否,不含,no,false,n"),
        _c("upper", "float", "上限", "largest volume [m3] or stock [t]", also="分档上限|至|max"), _c("upper_inclusive", "int", "含上限", "1: the upper bound itself is inside", also="上限含", domain="1=是,含,yes,true,y|0=否,不含,no,false,n"),
        _c("unit_lower_m3", "float", "单罐下限", "largest single tank above this", "m3"), _c("unit_upper_m3", "float", "单罐上限", "largest single tank up to this", "m3"),
        _c("source_point", "string", "源起算点", "where the distance begins", also="起算点"), _c("target_point", "string", "目标起算点", "where it ends", also="止算点"),
        _c("in_force", "date", "实施日期", "in force from", also="生效日期|施行日期|起始日期|valid_from"), _c("ends", "date", "废止日期", "not in force any more from", also="失效日期|截止日期|valid_to"),
        _c("standard", "string", "标准", "standard", also="标准号|依据|标准编号|文件|文号"), _c("edition", "string", "版本", "edition", also="年号|年份|版次"), _c("clause", "string", "条款", "clause", also="条文|条款号"),
        _c("confidence", "string", "可信度", "V, MC or MU", also="可信程度|核实情况", domain="V=已核实,已核对,verified|MC=较可信,recalled|MU=未核实,待核实,unverified"), _c("source", "string", "来源", "where the number was read", also="出处|数据来源|资料来源"),
        _c("switched", "string", "停用原因", "why the rule is not applied; empty where it is"), *SOURCE), ()),
    Table("rule_sets", "规则集", "setback rules by standard", "none", (
        _c("standard", "string", "标准", "standard"), _c("edition", "string", "版本", "edition"), _c("title", "string", "名称", "title"), _c("n", "int", "规则数", "rules"), _c("applied", "int", "启用数", "rules that are applied"),
        _c("n_v", "int", "已核实", "rows read in a public source (V)"), _c("n_mc", "int", "较可信", "rows recalled (MC)"), _c("n_mu", "int", "未核实", "rows recalled and unsure (MU)"),
        _c("in_force", "string", "实施日期", "in force from; empty where not known"), _c("ends", "string", "废止日期", "not in force any more from; empty where not known"), _c("moved_to", "string", "强制条文移入", "where its mandatory clauses went"), _c("why", "string", "停用原因", "why rules of it are not applied")), ()),
    Table("art19", "八类场所清单", "the eight groups of places to keep clear of (危险化学品安全管理条例 art. 19)", "none", (
        _c("group", "int", "类别", "group 1 to 8"), _c("item", "string", "场所", "places"), _c("item_en", "string", "场所（英文）", "places in English"), _c("layer", "string", "图层", "layer that shows them"), _c("kinds", "string", "类型", "its kinds"),
        _c("count", "int", "数量", "rows of the region; missing where no layer shows them"), _c("state", "string", "状态", "shown, or which layer is missing")), ()),
    Table("risk_contours", "个人风险等值线", "contours of individual risk", "polygon", (
        _c("scope", "string", "范围", "region, or park: the park's own sources alone; on maps of one question before, after, p05, p50, p95"), _c("scope_id", "string", "范围名称", "the park"), _c("level_per_yr", "float", "个人风险", "individual risk on the line", "1/yr"),
        _c("area_km2", "float", "面积", "area inside", "km2"), _c("persons", "float", "人口", "residents inside", "persons"), _c("targets", "string", "适用目标", "what the level is the limit of (GB 36894-2018 Table 2)"), _c("confidence", "string", "可信度", "V, MC or MU")), ()),
    Table("target_risk", "防护目标个人风险", "individual risk at protection targets", "any", (
        *_KEYS, _c("group", "string", "目标类别", "group of GB 36894-2018; several, split by |, where it is open", domain="high_sensitivity=高敏感防护目标|important=重要防护目标|general_1=一般防护目标一类|general_2=一般防护目标二类|general_3=一般防护目标三类"),
        _c("lsir_per_yr", "float", "个人风险", "individual risk there", "1/yr"), _c("lsir_low_per_yr", "float", "最小个人风险", "least risk where people may be", "1/yr"), _c("taken_at", "string", "取值位置", "where the risk is taken"),
        _c("limit_per_yr", "float", "在役限值", "limit for installations in service", "1/yr"), _c("limit_new_per_yr", "float", "新建限值", "limit for new installations", "1/yr"), _c("margin", "float", "裕度", "limit in service over risk"),
        _c("verdict", "string", "结论", "pass, fail or undecided, against the limit in service"), _c("verdict_new", "string", "新建结论", "the same against the limit for new installations"), _c("top_source", "string", "最大贡献源", "source that adds most"),
        _c("contributors", "json", "主要贡献源", "up to three sources with their shares"), _c("missing", "string", "缺少属性", "attributes that would settle the group"), _c("reason", "string", "理由", "why this group and verdict"), _c("confidence", "string", "可信度", "weakest confidence used: V, MC or MU")), ()),
    Table("fn_curve", "F-N曲线", "F-N curves", "none", (
        _c("scope", "string", "范围", "region, park, enterprise or source"), _c("scope_id", "string", "编号", "which"), _c("scope_name", "string", "名称", "its name"), _c("deaths", "float", "死亡人数N", "N", "persons"),
        _c("frequency_per_yr", "float", "累积频率F", "frequency of N or more deaths", "1/yr"), _c("upper_per_yr", "float", "上限", "upper line of GB 36894-2018", "1/yr"), _c("lower_per_yr", "float", "下限", "lower line", "1/yr"), _c("zone", "string", "区域", "acceptable, alarp or intolerable")), ()),
    Table("pll", "潜在生命损失", "expected deaths", "none", (
        _c("scope", "string", "范围", "region, park, enterprise or source (deaths caused), or district (deaths within)"), _c("scope_id", "string", "编号", "which"), _c("scope_name", "string", "名称", "its name"), _c("pll_per_yr", "float", "潜在生命损失", "expected deaths", "1/yr"),
        _c("share_percent", "float", "占比", "share of the region's", "%"), _c("worst_deaths", "float", "最坏死亡人数", "deaths of the worst outcome", "persons"), _c("zone", "string", "区域", "worst zone of the F-N curve"), _c("lacked", "string", "缺少", "what was assumed or left out")), ()),
    Table("accident_zones", "事故影响范围", "zones of one accident", "polygon", (
        _c("kind", "string", "后果", "how it ends"), _c("effect", "string", "影响", "death, heat, overpressure or a toxic limit"), _c("level", "float", "阈值", "level at the edge"), _c("unit", "string", "单位", "unit of the level"), _c("meaning", "string", "含义", "what it means"),
        _c("distance_m", "float", "最远距离", "farthest from the source", "m"), _c("area_km2", "float", "面积", "area", "km2"), _c("warning", "string", "提示", "where a model is beyond its validity"), _c("persons_day", "float", "白天人数", "people inside by day", "persons"), _c("persons_night", "float", "夜间人数", "at night", "persons")), ()),
    Table("risk_people", "人员分布", "people of societal risk", "none", (
        _c("x", "float", "X", "easting of the square's centre", "m"), _c("y", "float", "Y", "northing", "m"), _c("day", "float", "白天人数", "people present by day", "persons"), _c("night", "float", "夜间人数", "people present at night", "persons")), ()),
    Table("risk_outcomes", "事故后果", "outcomes of the risk sum", "none", (
        _c("source", "int", "风险源", "row of risk_sources, from 0"), _c("scenario", "string", "泄漏情景", "loss of containment"), _c("kind", "string", "后果", "how it ends"), _c("weather", "int", "天气", "row of risk_weather; -1 any"),
        _c("frequency_per_yr", "float", "频率", "frequency without the weather's share (of a line: per metre)", "1/yr"), _c("footprint", "int", "足迹", "row of risk_footprints")), ()),
    Table("risk_footprints", "致死足迹", "death probability around one outcome", "none", (
        _c("x_m", "json", "距离", "nodes: radius, or distance downwind", "m"), _c("value", "json", "取值", "probability of death, or probit on the axis"), _c("width_m", "json", "宽度", "crosswind spread or half width; missing if radial", "m"),
        _c("outdoor", "json", "室外", "probability or factor outdoors"), _c("indoor", "json", "室内", "probability or factor indoors"), _c("slope", "float", "斜率", "fall of the probit crosswind"), _c("offset_m", "float", "偏移", "centre downwind of the source", "m")), ()),
    Table("risk_weather", "天气分类", "weather classes of the risk sum", "none", (
        _c("stability", "string", "稳定度", "Pasquill class"), _c("speed_mps", "float", "风速", "wind speed at 10 m", "m/s"), _c("period", "string", "时段", "day, night or all"), _c("share", "float", "频率", "share of the year"), _c("towards", "json", "去向", "probability per radian towards 144 angles from east over north")), ()),
    Table("changes", "变化对比", "what changed between two states", "any", (
        _c("kind", "string", "类别", "input or result"), _c("table", "string", "表", "layer or result table"), ID, NAME, _c("change", "string", "变化", "added, removed or changed"),
        _c("grade_before", "int", "前期等级", "grade in the earlier state"), _c("grade_after", "int", "本期等级", "grade in the later state"), _c("columns", "json", "变化的列", "columns that changed: column, before, after"),
        _c("moved_m", "float", "移动距离", "how far the outline moved at most", "m"), _c("cells", "int", "影响单元数", "changed cells of the surface within the row's reach"), _c("causes", "string", "原因", "changed input rows, settings, program and files behind it")), ()),
    Table("network", "路网检查", "condition of the road network", "none", (
        _c("what", "string", "项目", "what was found"), _c("count", "float", "数量", "roads, ends, places, or kilometres"), _c("share", "float", "比例", "of all of them; missing where there is none"), _c("why", "string", "说明", "why, and what to do")), ()),
    Table("travel_times", "救援时间", "nearest rescue", "line", (
        _c("place_layer", "string", "图层", "layer"), _c("place_id", "string", "编号", "place"), _c("place_name", "string", "名称", "place name"), _c("facility_kind", "string", "力量类型", "kind of facility"), _c("rank", "int", "次序", "rank: 1 is the nearest"),
        _c("facility_id", "string", "力量编号", "facility"), _c("facility_name", "string", "力量名称", "facility name"), HOUR, _c("minutes", "float", "分钟", "minutes to arrive: turnout and travel", "min"), _c("turnout_s", "float", "出动", "turnout", "s"),
        _c("distance_m", "float", "路程", "length of the route, access legs included", "m"), _c("access_m", "float", "接入", "straight legs between places and road", "m"), _c("reason", "string", "说明", "why it cannot be reached; empty where it can")), ()),
    Table("hazmat_routes", "危化品运输路线", "routes of dangerous goods", "line", (
        _c("route", "int", "路线", "route: of the trip, by rising time", need=True), _c("why", "string", "选取理由", "why it is shown", domain="fastest=最快|least risk=风险最小|best compromise=最佳折中|other way=其他路线"),
        _c("from_name", "string", "起点", "from"), _c("to_name", "string", "终点", "to"), _c("substance", "string", "货物", "load; empty where not told"), _c("minutes", "float", "分钟", "driving time", "min"), _c("distance_km", "float", "里程", "length", "km"),
        _c("persons", "float", "沿线人数", "people along it: within reach of the route, each counted once", "persons"), _c("risk", "float", "风险", "risk: expected people within reach of a release, on one trip", "persons"),
        _c("worst_persons", "float", "最大路段人数", "people at its worst section: within reach", "persons"), _c("worst_road", "string", "最大路段", "worst section: its road"), _c("reach_m", "float", "影响距离", "reach of a release", "m"),
        _c("extra_min", "float", "多用分钟", "minutes more than the fastest lawful route", "min"), _c("flow", "string", "流向", "row of the file of flows; empty for a single trip"), _c("trips_per_yr", "float", "年车次", "trips of the flow", "1/yr"),
        _c("used", "bool", "采用", "whether the flow is put on this route"), _c("problem", "string", "问题", "why a flow has no route; empty where it has")), ()),
    Table("hazmat_links", "危化品运输路段", "stretches of road that flows of dangerous goods pass", "line", (
        _c("id", "string", "编号", "road and stretch", need=True), NAME, _c("road_id", "string", "道路编号", "road"), _c("substance", "string", "货物", "load"), _c("trips_per_yr", "float", "年车次", "trips with that load", "1/yr"), _c("trips_all_per_yr", "float", "全部年车次", "trips with any load", "1/yr"),
        _c("persons", "float", "沿线人数", "people within reach of the stretch", "persons"), _c("risk_per_yr", "float", "年风险", "expected people within reach of a release, all loads", "persons/yr")), ()),
    Table("enterprise_rescue", "企业最近救援", "who reaches an enterprise first", "none", (
        _c("place_layer", "string", "图层", "layer"), _c("place_id", "string", "编号", "enterprise"), _c("place_name", "string", "名称", "its name"), _c("facility_kind", "string", "力量类型", "kind of facility"), _c("rank", "int", "次序", "rank: 1 is the nearest"),
        _c("facility_id", "string", "力量编号", "facility"), _c("facility_name", "string", "力量名称", "facility name"), HOUR, _c("minutes", "float", "分钟", "minutes to arrive: turnout and travel", "min"), _c("turnout_s", "float", "出动", "turnout", "s"),
        _c("distance_m", "float", "路程", "length of the route, access legs included", "m"), _c("access_m", "float", "接入", "straight legs between places and road", "m"), _c("reason", "string", "说明", "why it cannot be reached; empty where it can")), ()),
    Table("service_areas", "服务范围", "service areas", "polygon", (
        _c("facility_kind", "string", "力量类型", "kind of facility"), _c("limit_min", "float", "时限", "limit, turnout included", "min"), _c("facilities", "int", "数量", "facilities counted"), _c("area_km2", "float", "面积", "area", "km2")), ()),
    Table("coverage", "覆盖率", "coverage", "none", (
        _c("facility_kind", "string", "力量类型", "kind of facility"), _c("limit_min", "float", "时限", "limit, turnout included", "min"), HOUR, _c("target", "string", "对象", "people or a layer"), _c("district_id", "string", "行政区", "district; empty for the region"),
        _c("total", "float", "总数", "people or places"), _c("covered", "float", "覆盖", "of them reached within the limit"), _c("unreachable", "float", "不可达", "of them without any way by road"), _c("share", "float", "比例", "covered / total")), ()),
    Table("catchments", "责任区", "areas of responsibility: what each facility reaches before any other of its kind", "polygon", (
        *_FACILITY, HOUR, _c("area_km2", "float", "面积", "area", "km2"), _c("road_km", "float", "道路里程", "roads it reaches first, cut to the metre", "km"), _c("people", "float", "人口", "residents it reaches first", "persons"), _c("places", "float", "场所数", "places it reaches first"),
        _c("mean_min", "float", "平均分钟", "mean over these residents", "min"), _c("farthest_min", "float", "最远分钟数", "of residents and places, the longest wait", "min"), *_WORST), ()),
    Table("gaps", "救援空白区", "ground, people and places beyond a limit, by district", "polygon", (
        _c("facility_kind", "string", "力量类型", "kind of facility"), _c("limit_min", "float", "时限", "limit, turnout included", "min"), HOUR, _c("district_id", "string", "镇街代码", "smallest district; outside:level for what lies in none"), _c("district_name", "string", "镇街", "its name"),
        _c("area_km2", "float", "面积", "ground from whose nearest road the call is not answered in time, or that no road is near", "km2"), _c("area_share", "float", "面积占比", "of the district"), _c("people", "float", "人口", "residents beyond the limit: total less covered of table coverage", "persons"), _c("people_share", "float", "人口占比", "of the district's residents; missing where there are none"),
        _c("places", "float", "场所数", "places beyond the limit"), *_WORST), ()),
    Table("weak_links", "关键路段", "single roads whose closure breaks the promise to reach people and places in time", "line", (
        _c("facility_kind", "string", "力量类型", "kind of facility"), _c("limit_min", "float", "时限", "limit, turnout included", "min"), _c("promised", "int", "承诺力量数", "facilities of the kind that must be there within the limit"), HOUR, _c("road_id", "string", "道路编号", "road"), _c("road_name", "string", "道路名称", "its name"), _c("road_class", "string", "道路等级", "its class"), _c("bridge", "bool", "桥梁", "whether it is a bridge; missing where not told"), _c("metres", "float", "长度", "from junction to junction", "m"),
        _c("people", "float", "人口", "residents who lose the promise", "persons"), _c("places", "float", "场所数", "places that lose it"), _c("before_min", "float", "平时分钟", "of them, on average, by residents (by places where there are none)", "min"), _c("after_min", "float", "中断后分钟", "the same with the road closed; missing where so many come no more", "min"), _c("cut_off", "float", "孤立人口", "residents whom that many facilities reach no more, however late", "persons"), *_WORST), ()),
    Table("rescue_plan", "救援方案", "rescue to one incident: routes, forbidden ground, staging point", "any", (
        _c("what", "string", "内容", "shows: what the row is", domain="incident=事故点|forbidden=禁入范围|closed=封闭范围|staging=集结点|force=到场力量|route=救援路线"), _c("facility_kind", "string", "力量类型", "kind of facility"), _c("rank", "int", "次序", "rank: 1 is the nearest"),
        _c("facility_id", "string", "力量编号", "facility"), _c("facility_name", "string", "力量名称", "facility name"), _c("minutes", "float", "分钟", "minutes to arrive: turnout and travel", "min"), _c("minutes_before", "float", "平时分钟", "minutes with all roads open: to the place itself", "min"), _c("lost_min", "float", "延误", "delay: minutes more than that", "min"),
        _c("turnout_s", "float", "出动", "turnout", "s"), _c("distance_m", "float", "路程", "distance: length of the route; of a staging point its distance from the incident", "m"), _c("access_m", "float", "接入", "straight legs between places and road", "m"), _c("note", "string", "说明", "note: route turn by turn; source of the forbidden ground")), ()),
    Table("danger_places", "隐患现状", "hidden dangers at the data date", "any", (
        ID, _c("name", "string", "隐患名称", "what is wrong"), _c("enterprise_id", "string", "企业编号", "enterprise id"), _c("enterprise_name", "string", "企业名称", "enterprise"), _c("district_id", "string", "镇街代码", "township"), _c("sector", "string", "行业", "sector"),
        _c("level", "string", "隐患级别", "level", domain="major=重大|general=一般"), _c("state", "string", "整改状态", "state at the data date", domain="open=整改中|overdue=逾期|closed=已整改"), _c("supervised", "bool", "挂牌督办", "under listed supervision"),
        _c("days_overdue", "int", "逾期天数", "days past the date due; missing where closed or no date is given", "days"), _c("days_open", "int", "未整改天数", "days since it was found; missing where closed", "days"),
        _c("found_date", "date", "发现日期", "found on"), _c("due_date", "date", "整改期限", "due on"), _c("closed_date", "date", "整改完成日期", "closed on"), _c("as_of", "date", "数据日期", "day the state is judged at"),
        GRADE, _c("problem", "string", "日期矛盾", "what contradicts itself in its dates")), ()),
    Table("danger_counts", "隐患统计", "hidden dangers by district and trade", "none", (
        _c("scope", "string", "范围", "region, district or trade; each sums to the region"), _c("scope_id", "string", "编号", "which; empty where it is not told"), _c("name", "string", "名称", "its name"), _c("n", "int", "隐患数", "hidden dangers"),
        _c("n_open", "int", "整改中", "open, not yet due"), _c("n_overdue", "int", "逾期", "overdue"), _c("n_closed", "int", "已整改", "closed"), _c("n_supervised", "int", "挂牌督办数", "not closed and under listed supervision"),
        _c("share_overdue", "float", "逾期占比", "overdue of those not closed; missing where all are closed"), _c("n_problems", "int", "日期矛盾数", "rows whose dates contradict each other"), _c("note", "string", "说明", "whether there is a hot spot")), ()),
    Table("danger_spots", "隐患热点", "hot spots of hidden dangers", "polygon", (
        ID, NAME, _c("n", "int", "隐患数", "dangers that are not closed"), _c("affected", "int", "涉隐患企业数", "enterprises with such dangers"), _c("enterprises", "int", "企业数", "enterprises in all"), _c("expected", "float", "期望数", "dangers if they were spread evenly over enterprises (rate) or places (count)"),
        _c("measure", "string", "统计口径", "rate (per enterprise) or count", domain="rate=按企业数|count=按数量"), _c("gi", "float", "Gi*", "Getis-Ord Gi* as a standard score"), _c("p", "float", "p值", "probability of as many there and at the neighbours by chance"), _c("q", "float", "q值", "p adjusted for the false discovery rate"),
        _c("significance", "string", "显著性", "hot: q within the setting alpha; possible: p alone", domain="hot=显著热点|possible=可能热点|none=不显著|not_tested=未检验"), _c("reason", "string", "说明", "why it was not tested; empty where it was")), ()),
    Table("inspections", "检查计划", "inspection plan", "any", (
        _c("enterprise_id", "string", "企业编号", "enterprise id"), _c("enterprise_name", "string", "企业名称", "enterprise"), _c("district_id", "string", "镇街代码", "township"), GRADE, _c("sector", "string", "行业", "sector"),
        _c("last_visit", "date", "最近检查日期", "last inspection; missing where none is known"), _c("interval_days", "int", "检查间隔", "suggested interval", "days"), _c("due_date", "date", "应检日期", "next inspection due on"), _c("days_late", "int", "超期天数", "days past it at the start of the plan", "days"), _c("due", "string", "到期情况", "due: how soon after the start of the plan", domain="overdue=已逾期|within_30_days=30日内到期|within_90_days=31至90日到期|later=90日以后到期"),
        _c("priority", "int", "优先序", "1 is the most urgent"), _c("visit_min", "float", "检查时长", "time of one visit", "min"), _c("rule", "string", "依据规则", "rule that gave the date"), _c("confidence", "string", "可信度", "confidence of that rule: V, MC or MU"),
        _c("team", "int", "检查组", "team, from 1; missing where not planned"), _c("day", "date", "检查日", "day of the visit"), _c("order", "int", "次序", "place in the team's day, from 1"), _c("arrival", "string", "到达时刻", "time of arrival after the start of work, h:mm"), _c("travel_min", "float", "行驶时间", "from the stop before", "min"),
        _c("reason", "string", "说明", "why it is due; why it is not planned")), ()),
)}

# fmt: on


def layer(name: str) -> Table:
    """The input layer called ``name``; KeyError if there is none."""
    return LAYERS[name]
