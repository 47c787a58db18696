"""Which package of Debian 13 holds a firmware file: the longest prefix of its name below /usr/lib/firmware counts.

Derived from trixie's index of files, `non-free-firmware/Contents-all` of 21 November 2026 (firmware-nonfree 20250410-2),
and from the packages firmware-linux-free 20241210-2, firmware-ath9k-htc and wireless-regdb of `main`: 4,792 and 31
names, each of which a prefix here leads to its package. A folder stands for all versions in it, so a file that is
newer than the package is looked for in the package of its elder brothers. Folders that Debian does not carry, such as
`mellanox/`, are missing on purpose.
"""

from __future__ import annotations

_PREFIXES = {
    "atmel-firmware": "atmel",
    "bluez-firmware": "BCM2033 STLC2500 brcm/BCM",
    "dahdi-firmware-nonfree": "dahdi",
    "firmware-amd-graphics": "amdgpu/ amdnpu/ r128/ radeon/",
    "firmware-ast": "ast_dp",
    "firmware-ath9k-htc": "ath9k_htc/",
    "firmware-atheros": "ar3k/ ar5523 ath ath10k/ ath11k/ ath12k/ ath6k/ htc_ qca/ wil6",
    "firmware-bnx2": "bnx2/",
    "firmware-bnx2x": "bnx2x/",
    "firmware-brcm80211": "brcm/ cypress/",
    "firmware-cavium": "cavium/ liquidio/",
    "firmware-cirrus": "cirrus/ cs42l",
    "firmware-intel-graphics": "i915/ intel/ipu/ intel/irci intel/vsc/ xe/",
    "firmware-intel-misc": "e100/ hfi1_ intel/ice/ intel/ish/ intel/vpu/ qat_",
    "firmware-intel-sound": "intel/IntcSST intel/avs/ intel/catpt/ intel/dsp intel/fw",
    "firmware-ipw2x00": "ipw2",
    "firmware-ivtv": "v4l-cx234 v4l-pvrusb2",
    "firmware-iwlwifi": "intel/ibt iwlwifi-",
    "firmware-libertas": "lbtf libertas libertas/ mrvl/ mwl8k/ sd8 usb8388",
    "firmware-linux-free": "av7110/ cis/ dsp56k/ isci/ keyspan_pda/ usbdux",
    "firmware-marvell-prestera": "mrvl/prestera/",
    "firmware-mediatek": "mediatek/ mt76 rt2 rt3 rt73 vpu",
    "firmware-misc-nonfree": (
        "3com/ INT88 TAS TIAS advansys/ agere airoha/ amphion/ arm/ as102_ brcm/BCM- cadence/ cnm/ ctefx "
        "ctspeq cxgb3/ cxgb4/ dabusb/ dvb- ene-ub6250/ f2255 go7007/ imx/ kaweth/ lt9611 matrox/ meson/ "
        "microchip/ moxa/ mrvl/cpt01/ mrvl/cpt02/ mrvl/cpt03/ mrvl/cpt04/ mts_ nvidia/tegra124/ "
        "nvidia/tegra186/ nvidia/tegra194/ nvidia/tegra210/ nxp/ powervr/ r8a779 rockchip/ rp2 s2250 tehuti/ "
        "ti-keystone/ ti/ tigon/ ueagle-atm/ v4l-cx2 v4l-cx231 v4l-cx23418 vntwusb wfx/ wsm_"
    ),
    "firmware-myricom": "myri10ge_",
    "firmware-netronome": "netronome/",
    "firmware-netxen": "phanfw",
    "firmware-nvidia-graphics": "nvidia/",
    "firmware-qcom-soc": "qcom/",
    "firmware-qlogic": "cbfw ct2fw ctfw qed/ ql2 qlogic/",
    "firmware-realtek": "realtek/ rtl_bt/ rtl_nic/ rtlwifi/ rtw88/ rtw89/",
    "firmware-samsung": "s5p-",
    "firmware-siano": "cmmb dvb_ isdbt sms1xxx tdmb",
    "firmware-sof-signed": "intel/",
    "firmware-ti-connectivity": "ti-connectivity/",
    "firmware-zd1211": "zd1211/",
    "raspi-firmware": "brcm/brcmfmac43430-sdio.t brcm/brcmfmac43455-sdio.t brcm/brcmfmac43456",
    "wireless-regdb": "regulatory",
}
_PACKAGES = {prefix: package for package, prefixes in _PREFIXES.items() for prefix in prefixes.split()}
_LONGEST = max(map(len, _PACKAGES))


def package_of(file: str) -> str:
    """The Debian package of the firmware `file` (`bnx2x/bnx2x-e2-7.13.21.0.fw`), or '' when none is known."""
    lengths = range(min(len(file), _LONGEST), 0, -1)
    return next((_PACKAGES[file[:length]] for length in lengths if file[:length] in _PACKAGES), "")
