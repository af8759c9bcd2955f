"""Who and where: areas, grid cells, facilities, outlets, stations, devices, permits, properties, evidence.

Longitudes and latitudes are degrees, CGCS2000 (EPSG:4490), equal to WGS 84 within decimetres.
Periods are half-open ``[from, to)``; an open end is null.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models

from jiangcheng.standards import codes


class Region(models.Model):
    """An administrative area: city, county (district, development zone) or township."""

    class Level(models.TextChoices):
        CITY = "city", "市"
        COUNTY = "county", "县区"
        TOWNSHIP = "township", "乡镇街道"

    code = models.CharField(max_length=32, unique=True)
    """GB/T 2260 code; a lower area's code begins with that of the area it belongs to."""
    name_zh = models.CharField(max_length=80)
    name_en = models.CharField(max_length=80)
    level = models.CharField(max_length=10, choices=Level)
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="children")
    boundary = models.JSONField(null=True)
    """GeoJSON geometry, or null where only the name is known."""
    schematic = models.BooleanField(default=True)
    """True where the boundary is for orientation only (示意) and not the surveyed one."""
    source = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return self.name_zh


class GridCell(models.Model):
    """A leaf of the responsibility grid. The cells valid on a date tile the city: no gap, no overlap."""

    code = models.CharField(max_length=40, unique=True)
    name_zh = models.CharField(max_length=80)
    name_en = models.CharField(max_length=80)
    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="grid_cells")
    boundary = models.JSONField()
    valid_from_date = models.DateField()
    valid_to_date = models.DateField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name_zh


class GridDuty(models.Model):
    """A person answers for a grid cell in ``[from, to)``."""

    class Duty(models.TextChoices):
        CHIEF = "chief", "网格长"
        INSPECTOR = "inspector", "网格员"
        DEPUTY = "deputy", "副网格员"
        RIVER_CHIEF = "river_chief", "河湖长"
        FOREST_CHIEF = "forest_chief", "林长"
        FIELD_CHIEF = "field_chief", "田长"

    grid_cell = models.ForeignKey(GridCell, on_delete=models.PROTECT, related_name="duties")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="grid_duties")
    duty = models.CharField(max_length=14, choices=Duty)
    valid_from_date = models.DateField()
    valid_to_date = models.DateField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.grid_cell} {self.get_duty_display()} {self.user}"


class Facility(models.Model):
    """An enterprise or plant (企业)."""

    code = models.CharField(max_length=32, unique=True)
    """Unified social credit code (统一社会信用代码)."""
    name_zh = models.CharField(max_length=120)
    name_en = models.CharField(max_length=120)
    industry = models.CharField(max_length=60, blank=True)
    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="facilities")
    grid_cell = models.ForeignKey(GridCell, null=True, on_delete=models.PROTECT, related_name="facilities")
    longitude = models.FloatField()
    latitude = models.FloatField()
    synthetic = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.name_zh


class FacilityLabel(models.Model):
    """What a facility counts as in a scheme in ``[from, to)``: a credit grade, a colour, a list it is on.

    A new value ends the one before; nothing is overwritten, so that what held on a day can be told.
    """

    facility = models.ForeignKey(Facility, on_delete=models.PROTECT, related_name="labels")
    scheme = models.CharField(max_length=40)
    """Code of a scheme declared in a manifest."""
    code = models.CharField(max_length=40)
    """Code of a value of the scheme."""
    valid_from_date = models.DateField()
    valid_to_date = models.DateField(null=True, blank=True)
    reasons = models.JSONField(default=list)
    """Why, in order of weight: ``text_zh``, ``text_en``, and what the scheme adds (rule, record, points)."""
    source = models.CharField(max_length=200, blank=True)
    """The decision or document it rests on."""
    rule_version = models.CharField(max_length=80, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    """Null where a rule decided."""
    decided_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["facility", "scheme", "valid_from_date"], name="facility_label_scheme"),
            models.Index(fields=["scheme", "code"], name="facility_label_code"),
        ]

    def __str__(self) -> str:
        return f"{self.facility} {self.scheme}={self.code}"


class ObservedProperty(models.Model):
    """What is measured: HJ 524/525 code and statistic. The pair is one series of a station."""

    code = models.CharField(max_length=20)
    statistic = models.CharField(max_length=12, default="avg")
    """``avg`` (also instant values), ``min``, ``max``, ``cou`` (total), ``zs_avg`` (reference oxygen) …"""
    name_zh = models.CharField(max_length=80)
    name_en = models.CharField(max_length=80)
    unit = models.CharField(max_length=24)
    decimals = models.PositiveSmallIntegerField(default=6)
    """Decimals kept in the store (values are stored as integers of 10^-decimals)."""
    display_decimals = models.PositiveSmallIntegerField(default=2)
    medium = models.CharField(max_length=12)
    """``air``, ``gas``, ``water``, ``wastewater``, ``noise``, ``weather``, ``derived``."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code", "statistic"], name="property_code_statistic"),
        ]

    def __str__(self) -> str:
        return f"{self.code}-{self.statistic}"

    @property
    def unit_text(self) -> str:
        """The unit as it is printed."""
        return codes.unit_text(self.unit)


class Station(models.Model):
    """A place of measurement (站点): everything that has series of observations has one.

    An outlet's monitoring point is a station of kind ``gas_outlet`` or ``water_outlet``; an area's own
    series (city AQI) belong to a station of kind ``area``. Where people take samples (groundwater, soil,
    villages) stands a point of kind ``manual``, whose attribute ``element`` says what it observes.
    """

    class Kind(models.TextChoices):
        AIR = "air", "空气站"
        WATER = "water", "地表水断面"
        NOISE = "noise", "噪声站"
        WEATHER = "weather", "气象站"
        GAS_OUTLET = "gas_outlet", "废气排放口"
        WATER_OUTLET = "water_outlet", "废水排放口"
        AREA = "area", "区域"
        MANUAL = "manual", "手工监测点"

    code = models.CharField(max_length=40, unique=True)
    name_zh = models.CharField(max_length=80)
    name_en = models.CharField(max_length=80)
    kind = models.CharField(max_length=14, choices=Kind)
    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="stations")
    grid_cell = models.ForeignKey(GridCell, null=True, on_delete=models.PROTECT, related_name="stations")
    longitude = models.FloatField()
    latitude = models.FloatField()
    attributes = models.JSONField(default=dict)
    """Per kind. air: ``class`` (国控 …), ``evaluated`` (false for a reference point). water: ``water_type``
    (river/lake), ``target_class`` (1–5), ``river``, ``national``. outlet: none."""
    expected_interval = models.PositiveIntegerField(default=3600)
    """Seconds between values when all is well; the no-data rule counts from it."""
    synthetic = models.BooleanField(default=False)
    valid_from_date = models.DateField()
    valid_to_date = models.DateField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["kind"], name="station_kind")]

    def __str__(self) -> str:
        return self.name_zh


class Outlet(models.Model):
    """A stack or outfall of a facility (排放口), numbered as in its permit (DA001, DW001)."""

    facility = models.ForeignKey(Facility, on_delete=models.PROTECT, related_name="outlets")
    number = models.CharField(max_length=12)
    name_zh = models.CharField(max_length=120)
    name_en = models.CharField(max_length=120)
    station = models.OneToOneField(Station, on_delete=models.PROTECT, related_name="outlet")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["facility", "number"], name="outlet_facility_number"),
        ]

    def __str__(self) -> str:
        return f"{self.facility} {self.number}"


class Device(models.Model):
    """An instrument or data logger. ``mn`` is its HJ 212 identity."""

    mn = models.CharField(max_length=40, unique=True)
    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="devices")
    name_zh = models.CharField(max_length=80, blank=True)
    password_hash = models.CharField(max_length=160, blank=True)
    """Hash of the HJ 212 PW where it is checked; empty where it is not."""
    enabled = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.mn


class Permit(models.Model):
    """A version of what a facility may do (排污许可证 …), valid in ``[from, to)``."""

    facility = models.ForeignKey(Facility, on_delete=models.PROTECT, related_name="permits")
    number = models.CharField(max_length=40)
    version = models.PositiveIntegerField(default=1)
    valid_from_date = models.DateField()
    valid_to_date = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["number", "version"], name="permit_number_version"),
        ]

    def __str__(self) -> str:
        return f"{self.number} v{self.version}"


class PermitLimit(models.Model):
    """A limit of a permit version for one property of one outlet."""

    permit = models.ForeignKey(Permit, on_delete=models.PROTECT, related_name="limits")
    outlet = models.ForeignKey(Outlet, on_delete=models.PROTECT, related_name="limits")
    observed_property = models.ForeignKey(ObservedProperty, on_delete=models.PROTECT, related_name="+")
    averaging = models.CharField(max_length=10, default="hour")
    lower = models.DecimalField(max_digits=18, decimal_places=6, null=True, blank=True)
    upper = models.DecimalField(max_digits=18, decimal_places=6, null=True, blank=True)
    basis = models.CharField(max_length=120)
    """The standard and clause the limit comes from."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["permit", "outlet", "observed_property", "averaging"], name="permit_limit_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.outlet} {self.observed_property} ≤ {self.upper}"


class Evidence(models.Model):
    """A file that proves something: the bytes never change, the hash names them."""

    sha256 = models.CharField(max_length=64, db_index=True)
    file = models.FileField(upload_to="evidence/%Y/%m/")
    kind = models.CharField(max_length=12, default="photo")
    content_type = models.CharField(max_length=80)
    size = models.PositiveBigIntegerField()
    taken_at = models.DateTimeField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    latitude = models.FloatField(null=True, blank=True)
    accuracy = models.FloatField(null=True, blank=True)
    """Radius of the position's error [m]."""
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    uploaded_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.kind} {self.sha256[:12]}"


class RegisterVersion(models.Model):
    """The state of one register: a token that changes with every import, so that readers may keep copies."""

    kind = models.CharField(max_length=20, unique=True)
    token = models.CharField(max_length=64)
    """SHA-256 over the token before and the rows that were imported."""
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.kind} {self.token[:12]}"
